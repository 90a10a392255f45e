// SPDX-License-Identifier: Apache-2.0
//
// smmla over unpacked weights, for ternary panels and int8 rows alike: two rows of eight weights
// against two tokens at once. Per 8 columns of 16 rows and 4 tokens 8 loads of weights, 4 of
// activations and 16 smmla. 6 tokens would need 24 accumulators, of which gcc 12 spills some: 2.2
// instructions per smmla in place of 1.9.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/neon.h"
#include "kernels/ternary/panels_neon.h"

namespace tern::kernels {

inline constexpr std::size_t kRowPairs = kPanelRows / 2;

// acc[j][p] holds rows 2j and 2j + 1 by tokens 2p and 2p + 1.
template <std::size_t T, std::size_t P>
[[gnu::always_inline]] inline void put_pairs_neoni8mm(const int32x4_t (&acc)[kRowPairs][P],
                                                      const std::int32_t* sums, bool add,
                                                      std::size_t live, std::int32_t* y,
                                                      std::size_t ldy) {
#pragma GCC unroll 8
  for (std::size_t t = 0; t < T; ++t) {
    int32x4_t rows[kPanelRegisters];
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g) {
      const int32x4_t upper = acc[2 * g][t / 2], lower = acc[2 * g + 1][t / 2];
      rows[g] = t % 2 == 0 ? vuzp1q_s32(upper, lower) : vuzp2q_s32(upper, lower);
      if (sums != nullptr) rows[g] = vsubq_s32(rows[g], vdupq_n_s32(sums[t]));
    }
    put_rows(rows, add, live, y + t * ldy);
  }
}

// One panel and T tokens.
//   weights  [pairs of quads][kRowPairs][2 rows][8 columns]
//   add      to y, not in its place; the first `live` rows are in the matrix
template <std::size_t T>
TERN_TARGET_NEONI8MM inline void tile_neoni8mm(const std::int8_t* weights, std::size_t quads,
                                               const std::int8_t* x, std::size_t ldx, bool add,
                                               std::size_t live, std::int32_t* y, std::size_t ldy) {
  constexpr std::size_t P = (T + 1) / 2;
  int32x4_t acc[kRowPairs][P];
#pragma GCC unroll 8
  for (std::size_t j = 0; j < kRowPairs; ++j)
#pragma GCC unroll 3
    for (std::size_t p = 0; p < P; ++p) acc[j][p] = vdupq_n_s32(0);
  for (std::size_t q = 0; q < quads; q += 2) {
    int8x16_t xs[P];
#pragma GCC unroll 3
    for (std::size_t p = 0; p < P; ++p) {
      const std::int8_t* xq = x + 2 * p * ldx + q * kQuadCols;
      xs[p] = vcombine_s8(vld1_s8(xq), vld1_s8(2 * p + 1 < T ? xq + ldx : xq));
    }
#pragma GCC unroll 8
    for (std::size_t j = 0; j < kRowPairs; ++j) {
      const int8x16_t w = vld1q_s8(weights + q * kQuadBytes + 16 * j);
#pragma GCC unroll 3
      for (std::size_t p = 0; p < P; ++p) acc[j][p] = vmmlaq_s32(acc[j][p], w, xs[p]);
    }
  }
  put_pairs_neoni8mm<T>(acc, nullptr, add, live, y, ldy);
}

}  // namespace tern::kernels
