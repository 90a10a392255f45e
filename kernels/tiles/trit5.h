// SPDX-License-Identifier: Apache-2.0
//
// The byte of five trits that the accelerator's unpacker decodes (t5), by its rules; both tables
// follow from them, and rtl/unpack/tern_unpack_t5.sv is held to them on all 256 bytes. It is not
// the byte of t5p (kernels/ternary/t5p_code.h), which is made for table look-ups.
//
// Trits 0, 1 and 2, 3 are pairs of three bits each: all but (0, 0). Bits 7:6 are trit 4, or 00:
// then a pair is (0, 0), and trit 4 stands in bits that it does not need.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tern::kernels {

struct Trit5 {
  std::array<std::int8_t, 5> trits{};  // zeros where the byte is illegal
  bool legal = false;
};

// A pair that is not (0, 0) of two bits, and whether it holds a zero.
constexpr std::array<std::int8_t, 2> trit5_pair(unsigned bits, bool one_zero) {
  const bool low = bits & 1, high = bits >> 1 & 1;
  const std::int8_t second = high ? -1 : 1;
  if (!one_zero) return {static_cast<std::int8_t>(low ? 1 : -1), second};
  if (low) return {0, second};
  return {static_cast<std::int8_t>(high ? 1 : -1), 0};
}

constexpr Trit5 trit5_decode(unsigned byte) {
  const unsigned first = byte & 3, second = byte >> 2 & 3, top = byte >> 6 & 3;
  const bool bit4 = byte >> 4 & 1, bit5 = byte >> 5 & 1;
  std::array<std::int8_t, 2> a{}, b{};
  unsigned fifth = second;  // escaped: where trit 4 stands, unless its two bits are 00
  if (top != 0) {
    a = trit5_pair(first, !bit4);
    b = trit5_pair(second, bit5);
  } else if (!bit4) {
    a = trit5_pair(first, !bit5);
  } else if (first != 0) {
    b = trit5_pair(second, bit5);
    fifth = first;
  } else if (bit5) {
    return {};
  }
  if (top == 0 && fifth == 0) return {};
  constexpr std::array<std::int8_t, 4> kEscaped{0, 1, 0, -1}, kTop{0, -1, 1, 0};
  return {{a[0], a[1], b[0], b[1], top != 0 ? kTop[top] : kEscaped[fifth]}, true};
}

// Where a tuple stands in kTrit5Encode.
constexpr std::size_t trit5_index(const std::array<std::int8_t, 5>& trits) {
  std::size_t index = 0;
  for (std::size_t i = 5; i-- > 0;) index = 3 * index + static_cast<std::size_t>(trits[i] + 1);
  return index;
}

inline constexpr auto kTrit5Decode = [] {
  std::array<Trit5, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) table[byte] = trit5_decode(byte);
  return table;
}();

// The byte of trits t[0..4], by the sum of 3^i (t[i] + 1).
inline constexpr auto kTrit5Encode = [] {
  std::array<std::uint8_t, 243> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    if (kTrit5Decode[byte].legal)
      table[trit5_index(kTrit5Decode[byte].trits)] = static_cast<std::uint8_t>(byte);
  return table;
}();

}  // namespace tern::kernels
