#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a clean clone to every test: installs what is missing, checks the format, builds with
# warnings as errors, runs all tests. Arguments go to ctest (-L kernels, -R name, ...).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cmake/packages.sh"

need_packages "${build_packages[@]}" "${test_packages[@]}"
cd "$root"
say "Checking the format"
git ls-files '*.h' '*.cc' | xargs clang-format --dry-run -Werror
say "Building (dev: warnings are errors; the first time takes some minutes)"
cmake --preset dev -Wno-dev > /dev/null
cmake --build --preset dev
say "Testing"
exec ctest --preset dev "$@"
