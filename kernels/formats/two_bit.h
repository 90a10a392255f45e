// SPDX-License-Identifier: Apache-2.0
//
// Codes weight + 1 in two bits, four runs of kLanes weights interleaved in kLanes bytes: what
// I2_S (first run in the top bits) and TQ2_0 (first run in the low bits) have in common. The loops
// have constant lengths and no shift that changes within them, so every compiler turns them into
// vector code.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

template <bool kLowFirst>
constexpr unsigned two_bit_shift(std::size_t run) {
  return static_cast<unsigned>(kLowFirst ? 2 * run : 6 - 2 * run);
}

// Bit 2i is set where code i is 3, that is where both of its bits are.
constexpr std::uint8_t illegal_two_bit(std::uint8_t byte) {
  return static_cast<std::uint8_t>(byte & (byte >> 1) & 0x55u);
}

// Whether every code of in[0, kLanes) is legal.
template <std::size_t kLanes>
bool legal_two_bit(const std::uint8_t* in) noexcept {
  std::uint8_t any = 0;
  for (std::size_t i = 0; i < kLanes; ++i)
    any = static_cast<std::uint8_t>(any | illegal_two_bit(in[i]));
  return any == 0;
}

// in [kLanes] -> out [4, kLanes].
template <std::size_t kLanes, bool kLowFirst>
void unpack_two_bit(const std::uint8_t* __restrict in, std::int8_t* __restrict out) noexcept {
  for (std::size_t i = 0; i < kLanes; ++i) {
    const unsigned b = in[i];
    out[i] = static_cast<std::int8_t>(((b >> two_bit_shift<kLowFirst>(0)) & 3) - 1);
    out[kLanes + i] = static_cast<std::int8_t>(((b >> two_bit_shift<kLowFirst>(1)) & 3) - 1);
    out[2 * kLanes + i] = static_cast<std::int8_t>(((b >> two_bit_shift<kLowFirst>(2)) & 3) - 1);
    out[3 * kLanes + i] = static_cast<std::int8_t>(((b >> two_bit_shift<kLowFirst>(3)) & 3) - 1);
  }
}

// The inverse. Returns whether each of the 4 * kLanes weights was -1, 0 or +1.
template <std::size_t kLanes, bool kLowFirst>
bool pack_two_bit(const std::int8_t* __restrict in, std::uint8_t* __restrict out) noexcept {
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < kLanes; ++i) {
    const auto a = static_cast<std::uint8_t>(in[i] + 1);
    const auto b = static_cast<std::uint8_t>(in[kLanes + i] + 1);
    const auto c = static_cast<std::uint8_t>(in[2 * kLanes + i] + 1);
    const auto d = static_cast<std::uint8_t>(in[3 * kLanes + i] + 1);
    // Any of them above 3, or one that is 3.
    bad = static_cast<std::uint8_t>(bad | ((a | b | c | d) & 0xFC));
    const auto byte = static_cast<std::uint8_t>(
        a << two_bit_shift<kLowFirst>(0) | b << two_bit_shift<kLowFirst>(1) |
        c << two_bit_shift<kLowFirst>(2) | d << two_bit_shift<kLowFirst>(3));
    bad = static_cast<std::uint8_t>(bad | illegal_two_bit(byte));
    out[i] = byte;
  }
  return bad == 0;
}

// The first weight of a block of 4 * kLanes whose code is 3; 4 * kLanes where none is.
template <std::size_t kLanes, bool kLowFirst>
std::size_t find_illegal_two_bit(const std::uint8_t* in) noexcept {
  for (std::size_t j = 0; j < 4 * kLanes; ++j)
    if (((in[j % kLanes] >> two_bit_shift<kLowFirst>(j / kLanes)) & 3) == 3) return j;
  return 4 * kLanes;
}

}  // namespace tern::kernels
