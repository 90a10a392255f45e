// SPDX-License-Identifier: Apache-2.0

#include "kernels/format.h"

#include <algorithm>

#include "kernels/check.h"

namespace tern::kernels {

namespace {

constexpr unsigned shift_of(std::size_t group) { return static_cast<unsigned>(6 - 2 * group); }

// Bit 2i is set where code i is 3, that is where both of its bits are.
constexpr unsigned illegal_codes(std::uint8_t byte) { return byte & (byte >> 1) & 0x55u; }

// Four codes 1: the byte of padding.
constexpr std::uint8_t kFourZeros = 0b01010101;

}  // namespace

void pack_t2(const std::int8_t* trits, std::size_t cols, std::uint8_t* packed) noexcept {
  unsigned bad = 0;
  for (std::size_t start = 0; start < cols; start += kT2BlockTrits) {
    const std::size_t present = std::min(kT2BlockTrits, cols - start);
    std::uint8_t* block = packed + start / kT2BlockTrits * kT2BlockBytes;
    std::fill_n(block, kT2BlockBytes, kFourZeros);
    for (std::size_t group = 0; group * kT2BlockBytes < present; ++group) {
      const std::int8_t* in = trits + start + group * kT2BlockBytes;
      const std::size_t lanes = std::min(kT2BlockBytes, present - group * kT2BlockBytes);
      for (std::size_t i = 0; i < lanes; ++i) {
        const unsigned code = static_cast<unsigned>(in[i] + 1);
        bad |= static_cast<unsigned>(code > 2);
        block[i] = static_cast<std::uint8_t>(block[i] ^ ((code ^ 1u) << shift_of(group)));
      }
    }
  }
  TERN_CHECK(bad == 0, "a trit is -1, 0 or +1");
}

std::size_t unpack_t2(const std::uint8_t* packed, std::size_t cols, std::int8_t* trits) noexcept {
  for (std::size_t k = 0; k < cols; ++k) {
    const std::size_t j = k % kT2BlockTrits;
    const std::uint8_t byte = packed[k / kT2BlockTrits * kT2BlockBytes + j % kT2BlockBytes];
    const unsigned code = (byte >> shift_of(j / kT2BlockBytes)) & 3u;
    if (code == 3) return k;
    trits[k] = static_cast<std::int8_t>(static_cast<int>(code) - 1);
  }
  return cols;
}

std::size_t find_illegal_t2(const std::uint8_t* packed, std::size_t bytes) noexcept {
  constexpr std::size_t kStep = 1024;  // tested as a whole, so that the test vectorises
  for (std::size_t start = 0; start < bytes; start += kStep) {
    const std::size_t end = std::min(bytes, start + kStep);
    unsigned any = 0;
    for (std::size_t i = start; i < end; ++i) any |= illegal_codes(packed[i]);
    if (any == 0) continue;
    for (std::size_t i = start; i < end; ++i)
      if (illegal_codes(packed[i]) != 0) return i;
  }
  return bytes;
}

}  // namespace tern::kernels
