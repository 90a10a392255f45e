#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a clean clone to the main comparison: installs what is missing, builds, runs `tern compare`
# on the embedded checkpoints and says where the report lies. Arguments go to `tern compare`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/cmake/packages.sh"

need_packages "${build_packages[@]}"
say "Building (release; the first time takes some minutes)"
(cd "$root" && cmake --preset release -Wno-dev > /dev/null && cmake --build --preset release --target tern)
say "Comparing the ternary model with its FP16 twin on every level"
case " $* " in *" --out"*) ;; *) set -- --out "$root/results/compare" "$@" ;; esac
exec "$root/build/release/tern" compare "$@"
