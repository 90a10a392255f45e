// SPDX-License-Identifier: Apache-2.0
//
// lut2 and lut3 packed in plain C++, the table of the packers, and unpacking. A tile's codes are
// first computed row by row and then turned.

#include "kernels/ternary/lut_pack.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernels/check.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kPairs = kLut2TileCols / 2, kTriples = kLut3TileCols / 3;

// [row, group]: what one row gives.
template <std::size_t Groups>
using Codes = std::uint8_t[kLutPanelRows][Groups];

// Bytes i of the result, i < 8: column `i` of an 8 by 8 matrix of bytes whose rows are in `m`.
void transpose_8x8(std::uint64_t m[8]) {
  const auto swap = [m](std::size_t i, std::size_t j, unsigned shift, std::uint64_t mask) {
    const std::uint64_t t = ((m[i] >> shift) ^ m[j]) & mask;
    m[i] ^= t << shift;
    m[j] ^= t;
  };
  for (const std::size_t i : {0u, 1u, 2u, 3u}) swap(i, i + 4, 32, 0x00000000ffffffff);
  for (const std::size_t i : {0u, 1u, 4u, 5u}) swap(i, i + 2, 16, 0x0000ffff0000ffff);
  for (const std::size_t i : {0u, 2u, 4u, 6u}) swap(i, i + 1, 8, 0x00ff00ff00ff00ff);
}

// Eight groups from `g` of 16 rows from `r`, with `r` + 16 in the high nibbles, to the places of
// four steps, `stride` bytes apart, in `out`.
template <std::size_t Groups>
void put_nibbles(const Codes<Groups>& codes, std::size_t r, std::size_t g, std::uint8_t* out,
                 std::size_t steps) {
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t m[8];
    for (std::size_t i = 0; i < 8; ++i) {
      std::uint64_t low = 0, high = 0;
      std::memcpy(&low, &codes[r + 8 * half + i][g], 8);
      std::memcpy(&high, &codes[r + 16 + 8 * half + i][g], 8);
      m[i] = low | high << 4;
    }
    transpose_8x8(m);
    for (std::size_t i = 0; i < 2 * steps; ++i)
      std::memcpy(out + i / 2 * kLutStepBytes + i % 2 * 16 + 8 * half, &m[i], 8);
  }
}

template <std::size_t Groups>
void put_steps(const Codes<Groups>& codes, std::size_t g, std::uint8_t* out, std::size_t steps) {
  put_nibbles<Groups>(codes, 0, g, out, steps);
  put_nibbles<Groups>(codes, 32, g, out + 32, steps);
}

// Eight trits + 1, byte by byte.
std::uint64_t digits_of(const std::int8_t* trits) {
  constexpr std::uint64_t kSigns = 0x8080808080808080, kOnes = 0x0101010101010101;
  std::uint64_t t = 0;
  std::memcpy(&t, trits, 8);
  return ((t & ~kSigns) + kOnes) ^ (t & kSigns);
}

// Codes of the pairs of eight trits, in four bytes.
std::uint32_t pair_codes(const std::int8_t* trits) {
  constexpr std::uint64_t kEven = 0x00ff00ff00ff00ff;
  const std::uint64_t digits = digits_of(trits);
  std::uint64_t codes = 3 * (digits & kEven) + (digits >> 8 & kEven);
  codes = (codes | codes >> 8) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(codes | codes >> 16);
}

}  // namespace

static_assert(std::endian::native == std::endian::little);

void pack_lut2_scalar(const std::int8_t* trits, std::size_t rows, std::size_t cols,
                      std::uint8_t* out) noexcept {
  const auto pack = [out](const std::int8_t* tile, std::size_t stride, std::size_t block,
                          std::size_t blocks) {
    Codes<kPairs> codes;
    for (std::size_t r = 0; r < kLutPanelRows; ++r)
      for (std::size_t c = 0; c < kLut2TileCols; c += 8) {
        const std::uint32_t four = pair_codes(tile + r * stride + c);
        std::memcpy(&codes[r][c / 2], &four, 4);
      }
    for (std::size_t s = 0; s < blocks; s += 4)
      put_steps<kPairs>(codes, s * kLutStepGroups, out + (block + s) * kLutStepBytes,
                        std::min<std::size_t>(4, blocks - s));
  };
  for_lut_tiles<kLut2TileCols>(trits, rows, cols, kLut2Geometry, pack);
}

namespace {

// Triples by 9 a + 3 b + c of their digits, and of each the magnitude of 9 a + 3 b + c of its
// trits.
constexpr unsigned kZeroTriple = 13;
constexpr std::array<std::uint8_t, 256> kMagnitudes = [] {
  std::array<std::uint8_t, 256> m{};  // illegal ones, too
  for (unsigned v = 0; v < 27; ++v)
    m[v] = static_cast<std::uint8_t>(v < kZeroTriple ? kZeroTriple - v : v - kZeroTriple);
  return m;
}();

}  // namespace

void pack_lut3_scalar(const std::int8_t* trits, std::size_t rows, std::size_t cols,
                      std::uint8_t* out) noexcept {
  constexpr std::size_t kBlockGroups = kLut3Steps * kLutStepGroups;
  constexpr std::size_t kTileBlocks = kLut3TileCols / kLut3Geometry.block_cols;
  const auto pack = [out](const std::int8_t* tile, std::size_t stride, std::size_t first,
                          std::size_t blocks) {
    Codes<kTriples> codes;
    std::uint8_t signs[kTileBlocks][kLutStepGroups][kLutPanelRows];  // bits of four steps
    for (std::size_t r = 0; r < kLutPanelRows; ++r)
      for (std::size_t b = 0; b < kTileBlocks; ++b) {
        const std::int8_t* t = tile + r * stride + 24 * b;
        unsigned bits[2] = {};
        std::uint8_t row[kBlockGroups];
        for (std::size_t step = 0; step < kLut3Steps; ++step) {
          // Six trits, of which the last of a row have nothing behind them.
          const std::uint64_t digits = step < 3 ? digits_of(t + 6 * step) : digits_of(t + 16) >> 16;
          const std::uint64_t values = digits * 0x090301;  // bytes 2 and 5 are sums of three
          const std::uint64_t v[2] = {values >> 16 & 255, values >> 40 & 255};
          for (std::size_t half = 0; half < 2; ++half) {
            row[2 * step + half] = kMagnitudes[v[half]];
            bits[half] |= static_cast<unsigned>(v[half] < kZeroTriple) << lut3_sign_shift(step, 0);
          }
        }
        std::memcpy(&codes[r][b * kBlockGroups], row, sizeof row);
        signs[b][0][r] = static_cast<std::uint8_t>(bits[0]);
        signs[b][1][r] = static_cast<std::uint8_t>(bits[1]);
      }
    std::uint8_t* block = out + first * kLut3Geometry.block_bytes;
    for (std::size_t b = 0; b < blocks; ++b, block += kLut3Geometry.block_bytes) {
      put_steps<kTriples>(codes, b * kBlockGroups, block, kLut3Steps);
      std::uint8_t* to = block + kLut3Steps * kLutStepBytes;
      for (std::size_t i = 0; i < kLutStepBytes; ++i) {
        const std::uint8_t* from = signs[b][i / 16 % 2] + i / 32 * 32 + i % 16;
        to[i] = static_cast<std::uint8_t>(from[0] | from[16] >> 1);
      }
    }
  };
  for_lut_tiles<kLut3TileCols>(trits, rows, cols, kLut3Geometry, pack);
}

#if defined(__x86_64__)
PackLutPanelFn pack_lut2_avx2, pack_lut3_avx2;
#endif

namespace {

constexpr std::array kPackLut2 = {
#if defined(__x86_64__)
    Kernel<PackLutPanelFn>{"pack_lut2_avx2", Isa::kAvx2, pack_lut2_avx2},
#endif
    Kernel<PackLutPanelFn>{"pack_lut2_scalar", Isa::kScalar, pack_lut2_scalar},
};
constexpr std::array kPackLut3 = {
#if defined(__x86_64__)
    Kernel<PackLutPanelFn>{"pack_lut3_avx2", Isa::kAvx2, pack_lut3_avx2},
#endif
    Kernel<PackLutPanelFn>{"pack_lut3_scalar", Isa::kScalar, pack_lut3_scalar},
};

void pack_panels(const Geometry& g, std::span<const Kernel<PackLutPanelFn>> table,
                 const std::int8_t* trits, std::size_t rows, std::size_t cols, std::uint8_t* out) {
  std::uint8_t largest = 0;  // a byte, so that the loop over it is done 16 at a time
  for (std::size_t i = 0; i < rows * cols; ++i)
    largest = std::max(largest, static_cast<std::uint8_t>(trits[i] + 1));
  TERN_CHECK(largest <= 2, "a trit is -1, 0 or +1");
  PackLutPanelFn* pack = kernel_for(table, selected_isa()).run;
  for (std::size_t r = 0; r < rows; r += g.panel_rows, out += g.panel_bytes(cols))
    pack(trits + r * cols, std::min(g.panel_rows, rows - r), cols, out);
}

// The value of a code, base 3 with digits -1, 0, +1, or kNoValue.
constexpr int kNoValue = 99;

struct Row {
  const std::uint8_t* panel;
  LutPlace place;
};

std::size_t lut2_byte(const Row& row, std::size_t group) {
  return group / 2 * kLutStepBytes + row.place.byte + group % 2 * 16;
}

int lut2_value(const Row& row, std::size_t group) {
  const std::size_t index = row.panel[lut2_byte(row, group)] >> row.place.shift & 15u;
  return index < kLut2Indices ? static_cast<int>(index) - static_cast<int>(kLut2ZeroIndex)
                              : kNoValue;
}

std::size_t lut3_byte(const Row& row, std::size_t group) {
  return group / 8 * kLut3Geometry.block_bytes + group / 2 % 4 * kLutStepBytes + row.place.byte +
         group % 2 * 16;
}
int lut3_value(const Row& row, std::size_t group) {
  const std::size_t index = row.panel[lut3_byte(row, group)] >> row.place.shift & 15u;
  const std::size_t signs = group / 8 * kLut3Geometry.block_bytes + kLut3Steps * kLutStepBytes +
                            row.place.byte + group % 2 * 16;
  const bool negative =
      (row.panel[signs] >> lut3_sign_shift(group / 2 % 4, row.place.shift) & 1) != 0;
  if (index >= kLut3Indices || (negative && index == 0)) return kNoValue;
  return negative ? -static_cast<int>(index) : static_cast<int>(index);
}

template <std::size_t Width, auto Value, auto Byte>
FormatProblem unpack(const Geometry& g, const std::uint8_t* in, std::size_t rows, std::size_t cols,
                     std::size_t begin, std::size_t end, std::int8_t* trits) {
  using Kind = FormatProblem::Kind;
  const std::size_t groups = g.blocks(cols) * g.block_cols / Width;
  const std::size_t last = end < rows ? end : g.panels(rows) * g.panel_rows;  // with padding rows
  for (std::size_t r = begin; r < last; ++r) {
    const std::size_t offset = r / g.panel_rows * g.panel_bytes(cols);
    const Row row{in + offset, lut_place(r % g.panel_rows)};
    for (std::size_t i = 0; i < groups; ++i) {
      const int value = Value(row, i);
      const std::size_t k = i * Width;
      const std::size_t real = r < rows && k < cols ? std::min(Width, cols - k) : 0;
      if (value == kNoValue && real != 0) return {Kind::kIllegalCode, r * cols + k};
      constexpr int kZero = Width == 2 ? 4 : 13;  // the code of zeros, base 3
      const int code = value + kZero;
      const int digits[3] = {code / (Width == 2 ? 3 : 9), code / (Width == 2 ? 1 : 3) % 3,
                             code % 3};
      for (std::size_t j = 0; j < Width; ++j) {
        if (j < real)
          trits[(r - begin) * cols + k + j] = static_cast<std::int8_t>(digits[j] - 1);
        else if (value == kNoValue || digits[j] != 1)
          return {Kind::kBadPadding, offset + Byte(row, i)};
      }
    }
  }
  return {};
}

}  // namespace

std::span<const Kernel<PackLutPanelFn>> pack_lut2_kernels() noexcept { return kPackLut2; }
std::span<const Kernel<PackLutPanelFn>> pack_lut3_kernels() noexcept { return kPackLut3; }

std::size_t lut2_bytes(std::size_t rows, std::size_t cols) noexcept {
  return kLut2Geometry.bytes(rows, cols);
}

std::size_t lut3_bytes(std::size_t rows, std::size_t cols) noexcept {
  return kLut3Geometry.bytes(rows, cols);
}

void pack_lut2(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
               std::uint8_t* out) noexcept {
  pack_panels(kLut2Geometry, pack_lut2_kernels(), trits, rows, cols, out);
}

void pack_lut3(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
               std::uint8_t* out) noexcept {
  pack_panels(kLut3Geometry, pack_lut3_kernels(), trits, rows, cols, out);
}

FormatProblem unpack_lut2(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits, float*) noexcept {
  return unpack<2, lut2_value, lut2_byte>(kLut2Geometry, in, rows, cols, begin, end, trits);
}

FormatProblem unpack_lut3(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits, float*) noexcept {
  return unpack<3, lut3_value, lut3_byte>(kLut3Geometry, in, rows, cols, begin, end, trits);
}

}  // namespace tern::kernels
