#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fuzz targets with clang in build/fuzz and runs each: run.sh [RUNS [TARGET...]].
# RUNS: executions of each target (20000). New inputs of value and what crashed a target are kept
# in build/fuzz/corpus/<target> and build/fuzz/crashes; the committed corpora are only read.
#
# The bounds that every reader is held to, with the address and undefined-behaviour sanitizers on:
#   an input of at most 64 KB makes no single allocation above 16 MB (-malloc_limit_mb),
#   the process stays below 1 GB (-rss_limit_mb; the sanitizers' shadow is most of it),
#   no input takes longer than 10 s (-timeout).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${1:-20000}
shift || true
cd "$root"
build=build/fuzz
if [ ! -f $build/build.ninja ]; then
  cmake -S . -B $build -G Ninja -Wno-dev -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_CXX_FLAGS="-O1 -gline-tables-only" -DTERN_FUZZ=ON -DTERN_EDA=OFF -DTERN_BENCH=OFF -DTERN_AARCH64=OFF -DBUILD_TESTING=OFF > /dev/null
fi
cmake --build $build --target fuzz
mkdir -p $build/crashes
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=($(cd tests/fuzz/corpus && ls))
for target in "${targets[@]}"; do
  echo "== $target: $runs runs"
  mkdir -p "$build/corpus/$target"
  "$build/tests/fuzz/fuzz_$target" -runs="$runs" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=16 -artifact_prefix="$build/crashes/$target-" -print_final_stats=1 \
    -print_funcs=0 -verbosity=0 "$build/corpus/$target" "tests/fuzz/corpus/$target" 2>&1 |
    grep -vE '^(stat::(new|slowest|average)|INFO: |"|###### )' || exit 1
done
