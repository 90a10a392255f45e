#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check.sh llama.cpp|ik_llama.cpp [OPTIONS OF check.py]
# Builds that program from its Python binding's source package on PyPI (once: 10 to 30 minutes of two
# cores) and holds tern against it (check.py). No part of the tests: it downloads 40 to 80 MB.
#   TERN     the binary; default: build/release/tern
#   SOURCE   a folder of the peer's source to take instead
#   BUILD    a folder where it is built, or will be
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
fail() { echo "check.sh: $*" >&2; exit 1; }

# The versions whose calls llama_peer.cc makes.
case ${1:-} in
  llama.cpp) package=llama_cpp_python version=0.3.36 flags=() targets=(llama-perplexity llama-bench) ;;
  ik_llama.cpp) package=ik_llama_cpp_python version=0.1.5 flags=(-DIK_LLAMA)
    targets=(llama-perplexity llama-bench llama-quantize) ;;
  *) fail "expected llama.cpp or ik_llama.cpp" ;;
esac
peer=$1
shift
out=$root/build/peers/$peer
tern=${TERN:-$root/build/release/tern}
build=${BUILD:-$out/build}
[ -x "$tern" ] || fail "$tern: no such program; build it, or name it in TERN"
for tool in cmake g++ ninja python3 tar; do
  command -v "$tool" > /dev/null || fail "$tool is missing: install it"
done
mkdir -p "$out"

if [ -z "${SOURCE:-}" ]; then
  SOURCE=$out/$package-$version/vendor/$peer
  if [ ! -e "$SOURCE/CMakeLists.txt" ]; then
    python3 -m pip --version > /dev/null || fail "pip is missing: install python3-pip"
    python3 -m pip download -q --no-deps --no-binary :all: -d "$out" "${package//_/-}==$version"
    tar -xf "$out/$package-$version.tar.gz" -C "$out"
  fi
fi
# ik_llama.cpp's package leaves out the file that writes its version down.
version_file=$SOURCE/common/cmake/build-info-gen-cpp.cmake
if [ "$peer" = ik_llama.cpp ] && [ ! -e "$version_file" ]; then
  mkdir -p "${version_file%/*}"
  printf '%s\n' 'set(BUILD_NUMBER 0)' \
    'configure_file(common/build-info.cpp.in common/build-info.cpp)' > "$version_file"
fi
if [ ! -x "$build/bin/${targets[-1]}" ]; then
  cmake -S "$SOURCE" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_SERVER=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DGGML_IQK_FA_ALL_QUANTS=OFF > "$out/cmake.log"
  nice ninja -C "$build" "${targets[@]}"
fi
libraries=("$build/src/libllama.a")
for name in libggml libggml-cpu libggml-base; do
  [ ! -e "$build/ggml/src/$name.a" ] || libraries+=("$build/ggml/src/$name.a")
done
g++ -std=c++17 -O1 "${flags[@]}" -I "$SOURCE/include" -I "$SOURCE/ggml/include" \
  "$here/llama_peer.cc" -o "$out/llama_peer" "${libraries[@]}" -fopenmp -lpthread -ldl
exec python3 "$here/check.py" "$peer" --tern "$tern" --peer "$out/llama_peer" --bin "$build/bin" \
  --out "$out/files" "$@"
