// SPDX-License-Identifier: Apache-2.0
//
// TL1 (formats.md 6.3). A byte holds four weights of a row: two pairs, each as 3a + b + 4, the
// first pair in the high nibble. Bytes follow the nesting, outermost first:
//   BM rows, BK columns, bm rows, 256 / bm columns, 16 rows, 4 columns, the 16 rows one by one.
// Source: process_tl1 in microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py, whose reshapes and
// transposes come to this order.

#include <algorithm>

#include "kernels/check.h"
#include "kernels/formats/layouts.h"
#include "kernels/formats/tl.h"

namespace tern::kernels::tl1 {
namespace {

constexpr std::size_t kRows = 16;  // that lie byte beside byte, for one table look-up instruction

TlTiles tiles_of(std::size_t rows, std::size_t cols) noexcept {
  if (const TlPreset* preset = find_tl_preset(rows, cols)) return preset->tl1;
  return {tl_outer_rows(rows), cols % 128 == 0 ? 128u : 64u, 32};
}

// Where the bytes of rows [row, row + 16) and columns [col, col + 4) lie.
std::size_t place(const TlTiles& t, std::size_t cols, std::size_t row, std::size_t col) noexcept {
  const std::size_t by = 256 / t.bm;
  std::size_t tile = row / t.bm_outer * (cols / t.bk) + col / t.bk;
  tile = tile * (t.bm_outer / t.bm) + row % t.bm_outer / t.bm;
  tile = tile * (t.bk / by) + col % t.bk / by;
  tile = tile * (t.bm / kRows) + row % t.bm_outer % t.bm / kRows;
  return (tile * (by / 4) + col % by / 4) * kRows;
}

}  // namespace

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept {
  return rows * cols / 4 + kScaleTail;
}

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  TERN_CHECK(std::all_of(trits, trits + rows * cols, is_trit), "a trit is -1, 0 or +1");
  const TlTiles tiles = tiles_of(rows, cols);
  for (std::size_t row = 0; row < rows; row += kRows)
    for (std::size_t col = 0; col < cols; col += 4) {
      std::uint8_t* at = out + place(tiles, cols, row, col);
      for (std::size_t r = 0; r < kRows; ++r) {
        const std::int8_t* four = trits + (row + r) * cols + col;
        at[r] = static_cast<std::uint8_t>(tl_pair(four) << 4 | tl_pair(four + 2));
      }
    }
  write_scale(scale, out + rows * cols / 4);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  if (const FormatProblem bad = read_scale(in + rows * cols / 4, scale)) return bad;
  const TlTiles tiles = tiles_of(rows, cols);
  for (std::size_t row = begin; row < end; row += kRows)
    for (std::size_t col = 0; col < cols; col += 4) {
      const std::uint8_t* at = in + place(tiles, cols, row, col);
      for (std::size_t r = 0; r < kRows; ++r) {
        const TlFour& four = kTlFours[at[r]];
        if (!four.legal)
          return {FormatProblem::Kind::kIllegalCode,
                  (row + r) * cols + col + (at[r] >> 4 > 8 ? 0u : 2u)};
        std::memcpy(trits + (row + r - begin) * cols + col, four.trits, sizeof four.trits);
      }
    }
  return {};
}

}  // namespace tern::kernels::tl1
