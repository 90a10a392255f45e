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

// Calls use(column, where the 16 bytes lie) for rows [row, row + 16) and each four of columns.
// Offsets are added up: a division for each would take longer than what is done with the bytes.
template <typename Use>
void for_fours(const TlTiles& t, std::size_t cols, std::size_t row, Use&& use) noexcept {
  const std::size_t in_outer = row % t.bm_outer, by = 256 / t.bm;
  std::size_t outer = (row - in_outer) * cols / 4 + in_outer / t.bm * (t.bm * t.bk / 4) +
                      in_outer % t.bm / kRows * (kRows * by / 4);
  for (std::size_t k0 = 0; k0 < cols; k0 += t.bk, outer += t.bm_outer * t.bk / 4) {
    std::size_t inner = outer;
    for (std::size_t k = k0; k < k0 + t.bk; k += by, inner += t.bm * by / 4)
      for (std::size_t i = 0; i < by / 4; ++i) use(k + 4 * i, inner + kRows * i);
  }
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
    for_fours(tiles, cols, row, [&](std::size_t col, std::size_t place) {
      for (std::size_t r = 0; r < kRows; ++r) {
        const std::int8_t* four = trits + (row + r) * cols + col;
        out[place + r] = static_cast<std::uint8_t>(tl_pair(four) << 4 | tl_pair(four + 2));
      }
    });
  write_scale(scale, out + rows * cols / 4);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  if (const FormatProblem bad = read_scale(in + rows * cols / 4, scale)) return bad;
  const TlTiles tiles = tiles_of(rows, cols);
  FormatProblem problem;
  for (std::size_t row = begin; row < end && !problem; row += kRows)
    for_fours(tiles, cols, row, [&](std::size_t col, std::size_t place) {
      bool legal = true;
      for (std::size_t r = 0; r < kRows; ++r) {
        const TlFour& four = kTlFours[in[place + r]];
        legal = legal && four.legal;
        std::memcpy(trits + (row + r - begin) * cols + col, four.trits, sizeof four.trits);
      }
      if (legal || problem) return;
      const std::uint8_t* bad = std::find_if(in + place, in + place + kRows,
                                             [](std::uint8_t b) { return !kTlFours[b].legal; });
      const auto r = static_cast<std::size_t>(bad - in) - place;
      problem = {FormatProblem::Kind::kIllegalCode,
                 (row + r) * cols + col + (*bad >> 4 > 8 ? 0u : 2u)};
    });
  return problem;
}

}  // namespace tern::kernels::tl1
