// SPDX-License-Identifier: Apache-2.0
//
// Bytes of eight lanes and their bit planes, in a register of 64 bits.

#pragma once

#include <cstdint>
#include <cstring>

namespace tern::kernels {

inline constexpr std::uint64_t kEachByte = 0x0101010101010101, kEachWord = 0x0001000100010001;

inline std::uint64_t load_lanes(const std::uint8_t* in) noexcept {
  std::uint64_t x;
  std::memcpy(&x, in, sizeof x);
  return x;
}

// Bit b of byte l becomes bit l of byte b. Its own inverse.
constexpr std::uint64_t transpose_bits(std::uint64_t x) noexcept {
  std::uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aa;
  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & 0x0000cccc0000cccc;
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & 0x00000000f0f0f0f0;
  return x ^ t ^ t << 28;
}

// The first `planes` bytes of x to out[0], out[stride], ..., and back.
inline void store_planes(std::uint64_t x, unsigned planes, std::size_t stride,
                         std::uint8_t* out) noexcept {
  for (unsigned b = 0; b < planes; ++b) out[b * stride] = static_cast<std::uint8_t>(x >> 8 * b);
}

inline std::uint64_t load_planes(const std::uint8_t* in, unsigned planes,
                                 std::size_t stride) noexcept {
  std::uint64_t x = 0;
  for (unsigned b = 0; b < planes; ++b) x |= static_cast<std::uint64_t>(in[b * stride]) << 8 * b;
  return x;
}

}  // namespace tern::kernels
