// SPDX-License-Identifier: Apache-2.0
//
// The byte of t5p (panels.h): five codes c[0..4], 0 to 2 each, as
//
//   v = 28 k + w,  k = 3 c[0] + c[1] < 9,  w = 9 c[2] + 3 c[3] + c[4] < 27
//
// with bits [7:4] of v in bits [3:0], [3:2] in [5:4] and [1:0] in [7:6] of the byte. As 28 is a
// multiple of 4, k depends on the lower six bits alone, an index into a table of 64 bytes (vpermb,
// tbl); so does w but for what the upper two bits add. A table of 16 (vpshufb) goes by nibbles:
// v = 16 low + kSwapped[high]. w = 27 and v >= 252 stand for nothing.
//
// To decode by look-ups takes 13 operations to 5 products with tables of 64 and 26 with tables of
// 16 (vpdpbusd); a base-3 fraction (TQ1_0, formats.md 6.5) 16 and 30, and up to 50 where products
// are of 16 bits. panels_avx512vbmi.cc has figures.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tern::kernels {

inline constexpr unsigned kT5pStep = 28;

constexpr std::uint8_t t5p_byte(unsigned v) {
  return static_cast<std::uint8_t>(v >> 4 | (v >> 2 & 3) << 4 | (v & 3) << 6);
}

constexpr unsigned t5p_value(unsigned byte) {
  return (byte & 15) << 4 | (byte >> 4 & 3) << 2 | byte >> 6;
}

constexpr bool t5p_legal(unsigned byte) {
  const unsigned v = t5p_value(byte);
  return v < 9 * kT5pStep && v % kT5pStep < 27;
}

constexpr unsigned t5p_digit(unsigned byte, std::size_t n) {
  const unsigned k = t5p_value(byte) / kT5pStep, w = t5p_value(byte) % kT5pStep;
  const unsigned codes[5] = {k / 3, k % 3, w / 9, w / 3 % 3, w % 3};
  return codes[n];
}

template <std::size_t N, typename Entry>
constexpr std::array<std::uint8_t, N> t5p_table(Entry entry) {
  std::array<std::uint8_t, N> table{};
  for (unsigned i = 0; i < N; ++i) table[i] = static_cast<std::uint8_t>(entry(i));
  return table;
}

// By the lower six bits of a byte: k, its two codes, and w as far as they tell.
alignas(64) inline constexpr auto kT5pPair = t5p_table<64>([](unsigned i) {
  return t5p_value(i) / kT5pStep;
});
alignas(64) inline constexpr auto kT5pFirst = t5p_table<64>([](unsigned i) {
  return t5p_value(i) / kT5pStep / 3;
});
alignas(64) inline constexpr auto kT5pSecond = t5p_table<64>([](unsigned i) {
  return t5p_value(i) / kT5pStep % 3;
});
alignas(64) inline constexpr auto kT5pRest = t5p_table<64>([](unsigned i) {
  return t5p_value(i) % kT5pStep;
});

// By w: its three codes.
alignas(64) inline constexpr auto kT5pThird = t5p_table<64>([](unsigned i) { return i / 9 % 3; });
alignas(64) inline constexpr auto kT5pFourth = t5p_table<64>([](unsigned i) { return i / 3 % 3; });
alignas(64) inline constexpr auto kT5pFifth = t5p_table<64>([](unsigned i) { return i % 3; });

// Tables of 16. v = 16 low + kSwapped[high] = 28 kQuotient[low] + (kRemainder[low] +
// kSwapped[high]) with a sum below 2 * 28.
alignas(16) inline constexpr auto kT5pSwapped = t5p_table<16>([](unsigned high) {
  return t5p_value(high << 4);
});
alignas(16) inline constexpr auto kT5pQuotient = t5p_table<16>([](unsigned low) {
  return 16 * low / kT5pStep;
});
alignas(16) inline constexpr auto kT5pRemainder = t5p_table<16>([](unsigned low) {
  return 16 * low % kT5pStep;
});
alignas(16) inline constexpr auto kT5pThirds = t5p_table<16>([](unsigned k) { return k / 3; });
alignas(16) inline constexpr auto kT5pModulo3 = t5p_table<16>([](unsigned k) { return k % 3; });
// By the lower four bits of 9 c: c.
alignas(16) inline constexpr auto kT5pNinths = t5p_table<16>([](unsigned i) {
  return i == 9 ? 1 : i == 2 ? 2 : 0;
});

}  // namespace tern::kernels
