// SPDX-License-Identifier: Apache-2.0
//
// How lut2 and lut3 are packed: panels cut into tiles of 64 rows by columns that a cache line or
// two blocks hold, so that a matrix of any width is read in whole lines.

#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/isa.h"
#include "kernels/ternary/lut.h"

namespace tern::kernels {

// A panel from its rows; trits [rows, cols] row after row, 1 <= rows <= 64 (fewer only in the last
// panel of a matrix); out [panel_bytes(cols)], written whole. What is no trit makes codes that mean
// nothing, and no other harm.
using PackLutPanelFn = void(const std::int8_t* trits, std::size_t rows, std::size_t cols,
                            std::uint8_t* out) noexcept;

std::span<const Kernel<PackLutPanelFn>> pack_lut2_kernels() noexcept;
std::span<const Kernel<PackLutPanelFn>> pack_lut3_kernels() noexcept;

inline constexpr std::size_t kLut2TileCols = 64;  // 16 blocks
inline constexpr std::size_t kLut3TileCols = 48;  // 2 blocks

// Calls tile(trits of the tile's rows, their stride, first block, blocks) with whole tiles, in
// place where the matrix has one and padded with zeros in a copy elsewhere.
template <std::size_t kTileCols, typename Tile>
void for_lut_tiles(const std::int8_t* trits, std::size_t rows, std::size_t cols, const Geometry& g,
                   Tile&& tile) {
  const std::size_t blocks = g.blocks(cols), tile_blocks = kTileCols / g.block_cols;
  for (std::size_t b = 0; b < blocks; b += tile_blocks) {
    const std::size_t k = b * g.block_cols, count = std::min(tile_blocks, blocks - b);
    if (rows == kLutPanelRows && k + kTileCols <= cols) {
      tile(trits + k, cols, b, count);
      continue;
    }
    std::int8_t padded[kLutPanelRows][kTileCols] = {};
    for (std::size_t r = 0; r < rows; ++r)
      std::memcpy(padded[r], trits + r * cols + k, std::min(kTileCols, cols - k));
    tile(padded[0], kTileCols, b, count);
  }
}

}  // namespace tern::kernels
