// SPDX-License-Identifier: Apache-2.0
//
// The layouts lut2 and lut3 and the arithmetic of their kernels, which multiply nothing: per token
// and group of 2 or 3 columns, the sums of every weight tuple lie in a table of 16 entries, and one
// byte shuffle looks up 16 rows of it.
//
// Both cut a matrix into panels of 64 rows and a panel into steps: 2 groups of columns in 64
// bytes. Byte 32 h + 16 l + i of a step, nibble n (0 low, 1 high) holds group l of row
// 32 h + 16 n + i: so a 32-byte register holds the indices of two groups in its two halves, and
// the two tables lie side by side in another.
//   lut2  group (a, b): index 3 (a + 1) + (b + 1), 0..8; weight 0 is 4. A block is one step:
//         4 columns in 64 bytes, 2 bits a weight.
//   lut3  group (a, b, c) of value v = 9 a + 3 b + c: index |v|, 0..13, and a sign bit where
//         v < 0. A block is four steps and then 64 bytes of signs, byte 32 h + 16 l + i for the
//         rows of that byte in the steps, bit 7 - 2 s - n for step s and nibble n: each doubling of
//         the byte brings the next sign on top. 24 columns in 320 bytes, 1.667 bits a weight.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/formats/formats.h"
#include "kernels/ternary/ternary.h"

namespace tern::kernels {

inline constexpr std::size_t kLutPanelRows = 64;
inline constexpr std::size_t kLutStepBytes = 64;
inline constexpr std::size_t kLutStepGroups = 2;

inline constexpr Geometry kLut2Geometry = {kLutPanelRows, 4, kLutStepBytes};
inline constexpr std::size_t kLut2ZeroIndex = 4, kLut2Indices = 9;

inline constexpr std::size_t kLut3Steps = 4;
inline constexpr Geometry kLut3Geometry = {kLutPanelRows, 24, (kLut3Steps + 1) * kLutStepBytes};
inline constexpr std::size_t kLut3Indices = 14;

// Where the codes of a row lie in every step of its panel, and its signs in a block of lut3.
struct LutPlace {
  std::size_t byte;   // of the first group of a step, then + 16 for the second
  std::size_t shift;  // 0 or 4
};
constexpr LutPlace lut_place(std::size_t row_in_panel) {
  return {row_in_panel / 32 * 32 + row_in_panel % 16, row_in_panel / 16 % 2 * 4};
}
constexpr std::size_t lut3_sign_shift(std::size_t step, std::size_t nibble_shift) {
  return 7 - 2 * step - nibble_shift / 4;
}

// Functions of a row of formats.h. unpack takes any begin and end; a problem of a group is
// reported at its first weight, kBadPadding at the byte in the whole tensor.
std::size_t lut2_bytes(std::size_t rows, std::size_t cols) noexcept;
void pack_lut2(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
               std::uint8_t* out) noexcept;
FormatProblem unpack_lut2(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits,
                          float* scale) noexcept;
std::size_t lut3_bytes(std::size_t rows, std::size_t cols) noexcept;
void pack_lut3(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
               std::uint8_t* out) noexcept;
FormatProblem unpack_lut3(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits,
                          float* scale) noexcept;

// Tables of the SIMD kernels, one per step, 64 bytes: low parts of group 0, of group 1, high parts
// of group 0, of group 1. A sum v becomes two bytes, each small enough to be added eight times in
// a byte before it must be widened:
//   lut2  v + 256 = low + 32 high, both unsigned, below 32: v in [-256, 256]
//   lut3  v = low + 31 high + 16, both signed, in [-16, 15]: v in [-384, 384]. As 31 is odd, the
//         complement of both bytes is the representation of -v: a sign costs one xor with its
//         mask. Sums begin at 128, so that they are unsigned too: in [0, 248].
//         high = (v + (v >> 5)) >> 5 is v / 31 without a division, close enough that
//         low = v - 16 - 31 high lies in [-16, 15] for all of these v.
inline constexpr std::size_t kLutTableBytes = 64;
inline constexpr std::size_t kLutAdds = 8;
inline constexpr std::int32_t kLut2Bias = 256, kLut3Bias = 16, kLut3Start = 128;
// A 16-bit lane takes this many widened bytes: 257 * 255 = 65535.
inline constexpr std::size_t kLutWidenings = 256;

// Scratch of this thread for tables, 64-byte aligned; valid until its next call. Grows, and stays.
std::uint8_t* lut_scratch(std::size_t bytes) noexcept;

// Tokens whose tables are made in one go, so that the weights come from memory once for all of
// them while the tables stay in the L2 cache. A call makes its tables before its first row, on
// every thread that multiplies a slice: AVX2 takes as long for that as for the look-ups of about
// 25 rows, whatever the number of columns.
constexpr std::size_t lut_token_group(std::size_t table_bytes) {
  constexpr std::size_t kCachedBytes = std::size_t{256} << 10, kMost = 16;
  const std::size_t fit = kCachedBytes / (table_bytes == 0 ? 1 : table_bytes);
  return fit < 2 ? 2 : fit > kMost ? kMost : fit;
}

}  // namespace tern::kernels
