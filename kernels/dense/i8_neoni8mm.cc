// SPDX-License-Identifier: Apache-2.0
//
// smmla for kI8mmTilesOwnFrom tokens and more: 16 rows at a time are laid out as tile_neoni8mm.h
// reads them, in chunks of columns that stay in L1 while every token passes. That takes two loads
// and a store for 16 weights: about what six tokens save over sdot.

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/ternary/tile_neoni8mm.h"

namespace tern::kernels {

MatmulI8Fn matmul_i8_neondot;

namespace {

constexpr std::size_t kChunkCols = kChunkQuads * kQuadCols;
constexpr std::size_t kPairCols = 8;  // of a pair of quads

// `cols` columns of the first `live` rows of a panel; past them whatever is harmless: the last row
// again, whose products are not stored, and zeros up to a multiple of 8 columns.
void lay_out(const std::int8_t* w, std::size_t ldw, std::size_t live, std::size_t cols,
             std::int8_t* out) {
  const std::size_t whole = cols / kPairCols * kPairCols;
  std::int8_t tails[2 * kPairCols] = {};
  for (std::size_t r = 0; r < kPanelRows; r += 2) {
    const std::int8_t* upper = w + std::min(r, live - 1) * ldw;
    const std::int8_t* lower = w + std::min(r + 1, live - 1) * ldw;
    std::int8_t* to = out + r * kPairCols;
    for (std::size_t k = 0; k < whole; k += kPairCols, to += kPanelRows * kPairCols)
      vst1q_s8(to, vcombine_s8(vld1_s8(upper + k), vld1_s8(lower + k)));
    if (whole == cols) continue;
    std::copy_n(upper + whole, cols - whole, tails);
    std::copy_n(lower + whole, cols - whole, tails + kPairCols);
    vst1q_s8(to, vld1q_s8(tails));
  }
}

template <std::size_t T>
void chunk(const std::int8_t* weights, std::size_t cols, const std::int8_t* x, std::size_t ldx,
           bool add, std::size_t live, std::int32_t* y, std::size_t ldy) {
  const std::size_t whole = cols / kPairCols * kPairCols;
  tile_neoni8mm<T>(weights, whole / kQuadCols, x, ldx, add, live, y, ldy);
  if (whole == cols) return;
  std::int8_t tail[T * kPairCols] = {};  // x ends with the columns
  for (std::size_t t = 0; t < T; ++t)
    std::copy_n(x + t * ldx + whole, cols - whole, tail + t * kPairCols);
  tile_neoni8mm<T>(weights + whole * kPanelRows, 2, tail, kPairCols, true, live, y, ldy);
}

}  // namespace

void matmul_i8_neoni8mm(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kI8mmTilesOwnFrom || w.cols == 0)
    return matmul_i8_neondot(w, x, ldx, tokens, y, ldy);
  alignas(64) std::int8_t weights[kChunkCols * kPanelRows];
  for (std::size_t r = 0; r < w.rows; r += kPanelRows) {
    const std::size_t live = std::min(kPanelRows, w.rows - r);
    for (std::size_t k = 0; k < w.cols; k += kChunkCols) {
      const std::size_t cols = std::min(kChunkCols, w.cols - k);
      lay_out(w.data + r * w.cols + k, w.cols, live, cols, weights);
      for_neon_tokens<4>(tokens, [&]<std::size_t T>(std::size_t t) {
        chunk<T>(weights, cols, x + t * ldx + k, ldx, k > 0, live, y + t * ldy + r, ldy);
      });
    }
  }
}

}  // namespace tern::kernels
