// SPDX-License-Identifier: Apache-2.0
//
// The AMX operations that BF16 products need, twice: as instructions, and in plain C++ after the
// Intel SDM volume 2 (TDPBF16PS), for tests on hosts that lack them. Eight tiles, each 16 rows of
// 64 bytes, in palette 1. Tile numbers are immediate operands, and gcc wants literals: sums are
// tiles 0 to 3, left operands 4 and 5, right operands 6 and 7.

#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/bf16.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {

inline constexpr std::size_t kTileRows = 16, kTileRowBytes = 64;

// The 64 bytes that LDTILECFG reads.
struct TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {kTileRowBytes, kTileRowBytes, kTileRowBytes, kTileRowBytes,
                                 kTileRowBytes, kTileRowBytes, kTileRowBytes, kTileRowBytes};
  std::uint8_t rows[16] = {kTileRows, kTileRows, kTileRows, kTileRows,
                           kTileRows, kTileRows, kTileRows, kTileRows};
};
static_assert(sizeof(TileConfig) == 64);

#if defined(__x86_64__)
struct AmxTiles {
  TERN_TARGET_AMX static inline void configure() {
    static constexpr TileConfig kConfig;
    _tile_loadconfig(&kConfig);
  }
  TERN_TARGET_AMX static inline void release() { _tile_release(); }
  template <int kTile>
  TERN_TARGET_AMX static inline void zero() {
    static_assert(0 <= kTile && kTile <= 3);
    if constexpr (kTile == 0) _tile_zero(0);
    if constexpr (kTile == 1) _tile_zero(1);
    if constexpr (kTile == 2) _tile_zero(2);
    if constexpr (kTile == 3) _tile_zero(3);
  }
  template <int kTile>
  TERN_TARGET_AMX static inline void load(const void* at, std::size_t stride_bytes) {
    static_assert(4 <= kTile && kTile <= 7);
    if constexpr (kTile == 4) _tile_loadd(4, at, stride_bytes);
    if constexpr (kTile == 5) _tile_loadd(5, at, stride_bytes);
    if constexpr (kTile == 6) _tile_loadd(6, at, stride_bytes);
    if constexpr (kTile == 7) _tile_loadd(7, at, stride_bytes);
  }
  template <int kTile>
  TERN_TARGET_AMX static inline void store(void* at, std::size_t stride_bytes) {
    static_assert(0 <= kTile && kTile <= 3);
    if constexpr (kTile == 0) _tile_stored(0, at, stride_bytes);
    if constexpr (kTile == 1) _tile_stored(1, at, stride_bytes);
    if constexpr (kTile == 2) _tile_stored(2, at, stride_bytes);
    if constexpr (kTile == 3) _tile_stored(3, at, stride_bytes);
  }
  // c[m][n] += sum over k < 16 of a[m][2k] b[k][2n] + a[m][2k + 1] b[k][2n + 1].
  template <int kC, int kA, int kB>
  TERN_TARGET_AMX static inline void dot() {
    static_assert(kC == 2 * (kA - 4) + kB - 6);
    if constexpr (kC == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (kC == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kC == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kC == 3) _tile_dpbf16ps(3, 5, 7);
  }
};
#endif

struct PlainTiles {
  std::uint8_t tiles[8][kTileRows][kTileRowBytes];

  void configure() { std::memset(tiles, 0, sizeof tiles); }
  void release() {}
  template <int kTile>
  void zero() {
    std::memset(tiles[kTile], 0, sizeof tiles[kTile]);
  }
  template <int kTile>
  void load(const void* at, std::size_t stride_bytes) {
    for (std::size_t r = 0; r < kTileRows; ++r)
      std::memcpy(tiles[kTile][r], static_cast<const char*>(at) + r * stride_bytes, kTileRowBytes);
  }
  template <int kTile>
  void store(void* at, std::size_t stride_bytes) {
    for (std::size_t r = 0; r < kTileRows; ++r)
      std::memcpy(static_cast<char*>(at) + r * stride_bytes, tiles[kTile][r], kTileRowBytes);
  }

  // Subnormal operands count as 0, subnormal results become 0, with their sign.
  static float flush(float x) {
    return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x;
  }
  static float fma(float a, float b, float c) {
    return flush(std::fma(flush(a), flush(b), flush(c)));
  }
  // Even and odd elements are summed apart, one fused multiply-add each, then added to each other
  // and to c.
  template <int kC, int kA, int kB>
  void dot() {
    for (std::size_t m = 0; m < kTileRows; ++m) {
      float c[16], even[16] = {}, odd[16] = {};
      std::memcpy(c, tiles[kC][m], sizeof c);
      for (std::size_t k = 0; k < kTileRows; ++k) {
        bf16 a[2], b[32];
        std::memcpy(a, tiles[kA][m] + 4 * k, sizeof a);
        std::memcpy(b, tiles[kB][k], sizeof b);
        for (std::size_t n = 0; n < 16; ++n) {
          even[n] = fma(bf16_to_f32(a[0]), bf16_to_f32(b[2 * n]), even[n]);
          odd[n] = fma(bf16_to_f32(a[1]), bf16_to_f32(b[2 * n + 1]), odd[n]);
        }
      }
      for (std::size_t n = 0; n < 16; ++n) c[n] = flush(flush(c[n]) + flush(even[n] + odd[n]));
      std::memcpy(tiles[kC][m], c, sizeof c);
    }
  }
};

}  // namespace tern::kernels
