// SPDX-License-Identifier: Apache-2.0
//
// t2p and t5p on AMX int8 tiles, over either of the tile operations of amx_tiles.h. A row of a B
// tile is a quad of 16 rows (panels.h), so 16 unpacked quads of a panel are a B tile as they lie;
// an A tile is 64 columns of 16 tokens as they lie. 2 x 2 products per step share their operands: 4
// loads of 1 KB to 4 products of 16 cycles. Two panels are unpacked at a time, for all tokens; both
// operands (82 KB each for 2560 columns and 32 tokens) come from the L2 cache.
// Everything but the tile operations is plain C++, inlined into a function that has AVX-512 where
// the host is to have AMX.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/amx_tiles.h"
#include "kernels/ternary/panels.h"

namespace tern::kernels {

inline constexpr std::size_t kTilePanels = 2;
inline constexpr std::size_t kTileQuads = kTileRows;                  // of a B tile
inline constexpr std::size_t kTileCols = kTileQuads * kQuadCols;      // 64
inline constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;  // 1 KB

// What a token's activations hold beyond its columns is 0, so codes of the padding may be anything.
struct AmxT2p {
  static constexpr const Geometry& kGeometry = kT2p;
  // The codes of a block as bytes, [4 quads, 64].
  [[gnu::always_inline]] static void unpack(const std::uint8_t* block, std::uint8_t* codes) {
    for (std::size_t p = 0; p < 4; ++p)
      for (std::size_t i = 0; i < kQuadBytes; ++i)
        codes[p * kQuadBytes + i] = static_cast<std::uint8_t>(block[i] >> (2 * p) & 3);
  }
};

struct AmxT5p {
  static constexpr const Geometry& kGeometry = kT5p;
  [[gnu::always_inline]] static void unpack(const std::uint8_t* block, std::uint8_t* codes) {
    std::uint8_t r[kQuadBytes];
    std::memcpy(r, block, sizeof r);
    for (std::size_t n = 0; n < 5; ++n)
      for (std::size_t i = 0; i < kQuadBytes; ++i) {
        codes[n * kQuadBytes + i] = static_cast<std::uint8_t>((r[i] >= 86) + (r[i] >= 171));
        r[i] = static_cast<std::uint8_t>(3 * r[i]);
      }
  }
};

struct AmxScratch {
  std::vector<std::uint8_t> codes;  // [kTilePanels, tiles, kTileBytes]
  std::vector<std::int32_t> sums;   // [tokens]
};

template <typename Layout, typename Tiles>
struct AmxProduct {
  // Tiles 0 to 3: C of token tile i and panel j at 2 i + j; 4, 5: A; 6, 7: B.
  static void configure(std::size_t first_tokens, std::size_t second_tokens) {
    TileConfig config;
    for (const std::size_t c : {0, 1}) {
      config.set(c, first_tokens, kTileRowBytes);
      config.set(2 + c, second_tokens, kTileRowBytes);
      config.set(6 + c, kTileRows, kTileRowBytes);
    }
    config.set(4, first_tokens, kTileRowBytes);
    config.set(5, second_tokens, kTileRowBytes);
    Tiles::configure(config);
  }

  // y of one C tile: less the sum of x, which the codes w + 1 have too much.
  template <std::size_t C>
  [[gnu::always_inline]] static void emit(std::size_t tokens, const std::int32_t* sums,
                                          std::size_t live, std::int32_t* y, std::size_t ldy) {
    alignas(64) std::int32_t out[kTileRows][kPanelRows];
    Tiles::template store<C>(out, kTileRowBytes);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t r = 0; r < kPanelRows; ++r) out[t][r] -= sums[t];
      if (live >= kPanelRows)
        std::memcpy(y + t * ldy, out[t], sizeof out[t]);
      else
        std::memcpy(y + t * ldy, out[t], live * sizeof(std::int32_t));
    }
  }

  // 32 tokens at most, as configured, and two panels; the second one may have no live row.
  [[gnu::always_inline]] static void block(const std::uint8_t* codes, std::size_t tiles,
                                           const std::int8_t* x, std::size_t ldx,
                                           std::size_t tokens, const std::int32_t* sums,
                                           std::size_t live, std::int32_t* y, std::size_t ldy) {
    const bool two = tokens > kTileRows;
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    if (two) {
      Tiles::template zero<2>();
      Tiles::template zero<3>();
    }
    for (std::size_t k = 0; k < tiles; ++k) {
      const std::uint8_t* b = codes + k * kTileBytes;
      const std::int8_t* a = x + k * kTileCols;
      Tiles::template load<6>(b, kTileRowBytes);
      Tiles::template load<7>(b + tiles * kTileBytes, kTileRowBytes);
      Tiles::template load<4>(a, ldx);
      Tiles::template mac_signed_unsigned<0, 4, 6>();
      Tiles::template mac_signed_unsigned<1, 4, 7>();
      if (!two) continue;
      Tiles::template load<5>(a + kTileRows * ldx, ldx);
      Tiles::template mac_signed_unsigned<2, 5, 6>();
      Tiles::template mac_signed_unsigned<3, 5, 7>();
    }
    const std::size_t first = std::min(kTileRows, tokens), second = tokens - first;
    const std::size_t live0 = std::min(kPanelRows, live), live1 = live - live0;
    emit<0>(first, sums, live0, y, ldy);
    if (live1 > 0) emit<1>(first, sums, live1, y + kPanelRows, ldy);
    if (!two) return;
    emit<2>(second, sums + kTileRows, live0, y + kTileRows * ldy, ldy);
    if (live1 > 0) emit<3>(second, sums + kTileRows, live1, y + kTileRows * ldy + kPanelRows, ldy);
  }

  [[gnu::always_inline]] static void multiply(AmxScratch& scratch, const TernaryView& w,
                                              const std::int8_t* x, std::size_t ldx,
                                              std::size_t tokens, std::int32_t* y,
                                              std::size_t ldy) {
    constexpr const Geometry& g = Layout::kGeometry;
    constexpr std::size_t kStep = 2 * kTileRows;  // tokens
    const std::size_t tiles = (w.cols + kTileCols - 1) / kTileCols;
    const std::size_t blocks = g.blocks(w.cols);
    // Whole blocks may reach past the last tile.
    const std::size_t panel_codes = (tiles * kTileQuads + g.block_cols / kQuadCols) * kQuadBytes;
    scratch.codes.resize(kTilePanels * panel_codes);
    scratch.sums.resize(tokens);
    for (std::size_t t = 0; t < tokens; ++t) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < tiles * kTileCols; ++k) sum += x[t * ldx + k];
      scratch.sums[t] = sum;
    }
    std::size_t configured = 0;
    for (std::size_t r = 0; r < w.rows; r += kTilePanels * kPanelRows) {
      for (std::size_t p = 0; p < kTilePanels && r + p * kPanelRows < w.rows; ++p) {
        const std::uint8_t* panel = w.data + (r / kPanelRows + p) * g.panel_bytes(w.cols);
        std::uint8_t* codes = scratch.codes.data() + p * tiles * kTileBytes;
        // In this order the first panel's overhang is overwritten by the second one.
        for (std::size_t b = 0; b < blocks; ++b)
          Layout::unpack(panel + b * g.block_bytes, codes + b * g.block_cols * kPanelRows);
      }
      for (std::size_t t = 0; t < tokens; t += kStep) {
        const std::size_t some = std::min(kStep, tokens - t);
        if (some != configured) {
          configure(std::min(kTileRows, some), some > kTileRows ? some - kTileRows : kTileRows);
          configured = some;
        }
        block(scratch.codes.data(), tiles, x + t * ldx, ldx, some, scratch.sums.data() + t,
              std::min(kTilePanels * kPanelRows, w.rows - r), y + t * ldy + r, ldy);
      }
    }
    if (configured != 0) Tiles::release();
  }
};

}  // namespace tern::kernels
