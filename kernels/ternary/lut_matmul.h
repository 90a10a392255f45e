// SPDX-License-Identifier: Apache-2.0
//
// The loop around every SIMD look-up kernel: tables of some tokens, then every panel times all of
// them while the weights of the panel are in a near cache.

#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/ternary/lut.h"

namespace tern::kernels {

// Lut is a layout on an instruction set:
//   kGeometry, kStepsPerBlock
//   kTokens         tokens that share the indices of the weights, 1 or 2
//   make_tables(x, blocks, tables)
//   panel<T>(w, blocks, tables, table_bytes, y): y[t][r] = the sums of a panel times T <= kTokens
//                   tokens, whose tables lie `table_bytes` apart
template <typename Lut>
inline void lut_matmul(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) {
  const std::size_t blocks = Lut::kGeometry.blocks(w.cols);
  const std::size_t table_bytes = blocks * Lut::kStepsPerBlock * kLutTableBytes;
  const std::size_t group = std::min(lut_token_group(table_bytes), tokens);
  std::uint8_t* tables = lut_scratch(group * table_bytes);
  for (std::size_t t = 0; t < tokens; t += group) {
    const std::size_t count = std::min(group, tokens - t);
    for (std::size_t i = 0; i < count; ++i)
      Lut::make_tables(x + (t + i) * ldx, blocks, tables + i * table_bytes);
    for (std::size_t r = 0; r < w.rows; r += kLutPanelRows) {
      const std::uint8_t* panel = w.data + r / kLutPanelRows * Lut::kGeometry.panel_bytes(w.cols);
      const std::size_t row_bytes = std::min(kLutPanelRows, w.rows - r) * sizeof(std::int32_t);
      alignas(64) std::int32_t sums[Lut::kTokens][kLutPanelRows];
      for (std::size_t i = 0; i < count;) {
        const std::uint8_t* table = tables + i * table_bytes;
        std::int32_t* to = y + (t + i) * ldy + r;
        if (Lut::kTokens == 2 && i + 2 <= count) {
          Lut::template panel<Lut::kTokens>(panel, blocks, table, table_bytes, sums);
          std::memcpy(to + ldy, sums[Lut::kTokens - 1], row_bytes);
          i += 2;
        } else {
          Lut::template panel<1>(panel, blocks, table, table_bytes, sums);
          i += 1;
        }
        std::memcpy(to, sums[0], row_bytes);
      }
    }
  }
}

}  // namespace tern::kernels
