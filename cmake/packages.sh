# SPDX-License-Identifier: Apache-2.0
#
# Sourced by experiments/run.sh and tests/run.sh: what Tern needs from Debian 12, and how it comes.

build_packages=(cmake g++ git libbenchmark-dev libcli11-dev libedit-dev libeigen3-dev libfmt-dev
  libpcre2-dev libsystemc-dev libtomlplusplus-dev libxxhash-dev make ninja-build
  nlohmann-json3-dev pkg-config python3 python3-matplotlib verilator)
test_packages=(catch2 clang clang-format g++-aarch64-linux-gnu libclang-rt-14-dev opensta
  qemu-user qflow-tech-osu018 yosys)

say() { printf '\n== %s\n' "$*"; }

# need_packages NAME...: installs what is missing; without root says how and ends.
need_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || {
    echo "tern: this is no Debian system; install the counterparts of: $*, then build with" \
      "cmake --preset release && cmake --build --preset release" >&2
    exit 1
  }
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | cut -c1-2)" = ii ] ||
      missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    echo "tern: packages are missing; run this, then this script again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  say "Installing ${#missing[@]} packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update && apt-get -q install -y --no-install-recommends "${missing[@]}"
}
