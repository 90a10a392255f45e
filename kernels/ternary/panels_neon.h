// SPDX-License-Identifier: Apache-2.0
//
// What the NEON kernels of t2p and t5p have in common: decoding, which needs no more than Advanced
// SIMD, and the way through panels and tokens. A register holds four rows by one quad.
//
// Instructions per register of packed bytes, all weights of 4 rows and one block:
//   t2p  6 for 64 weights (3 shifts, 3 masks)
//   t5p  9 for 80 weights: two tables of 64 bytes, five of 16 or 32 (a base-3 fraction took 15)
//
// Up to kSmallBatch tokens meet weights decoded in registers. More tokens pay for storing them as
// bytes: a chunk of a panel's columns stays in a 64 KB L1 cache while a block of tokens passes, and
// the tokens' chunks stay in a 1 MB L2 cache while all panels pass.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/neon.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/t5p_code.h"

namespace tern::kernels {

inline constexpr std::size_t kPanelRegisters = kPanelRows / 4;
inline constexpr std::size_t kChunkQuads = 512;  // 32 KB of decoded weights
inline constexpr std::size_t kTokenBlock = 256;  // 512 KB of activations of a chunk

// Digits of a block in quads: weight + kOffset.
struct NeonT2p {
  static constexpr const Geometry& kGeometry = kT2p;
  static constexpr std::size_t kQuads = 4;
  static constexpr int kOffset = 1;
  static constexpr std::size_t kProducts16 = 128;  // down to -256 each, that an int16 takes

  struct Constants {};

  [[gnu::always_inline]] static void decode(const Constants&, uint8x16_t v, int8x16_t (&d)[4]) {
    const uint8x16_t mask = vdupq_n_u8(0b11);
    d[0] = vreinterpretq_s8_u8(vandq_u8(v, mask));
    d[1] = vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(v, 2), mask));
    d[2] = vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(v, 4), mask));
    d[3] = vreinterpretq_s8_u8(vshrq_n_u8(v, 6));
  }
};

struct NeonT5p {
  static constexpr const Geometry& kGeometry = kT5p;
  static constexpr std::size_t kQuads = 5;
  static constexpr int kOffset = 0;
  static constexpr std::size_t kProducts16 = 255;  // up to 128 each

  // The tables of t5p_code.h, those of codes less 1.
  struct Constants {
    uint8x16x4_t pair = vld1q_u8_x4(kT5pPair.data()), rest = vld1q_u8_x4(kT5pRest.data());
    int8x16_t first = weights(kT5pThirds.data()), second = weights(kT5pModulo3.data());
    int8x16x2_t third = weights32(kT5pThird.data()), fourth = weights32(kT5pFourth.data());
    int8x16x2_t fifth = weights32(kT5pFifth.data());

    static int8x16_t weights(const std::uint8_t* codes) {
      return vsubq_s8(vreinterpretq_s8_u8(vld1q_u8(codes)), vdupq_n_s8(1));
    }
    static int8x16x2_t weights32(const std::uint8_t* codes) {
      return {{weights(codes), weights(codes + 16)}};
    }
  };

  [[gnu::always_inline]] static void decode(const Constants& c, uint8x16_t q, int8x16_t (&d)[5]) {
    const uint8x16_t lower = vandq_u8(q, vdupq_n_u8(63));
    const uint8x16_t pair = vqtbl4q_u8(c.pair, lower);
    d[0] = vqtbl1q_s8(c.first, pair);
    d[1] = vqtbl1q_s8(c.second, pair);
    const uint8x16_t rest = vsraq_n_u8(vqtbl4q_u8(c.rest, lower), q, 6);
    d[2] = vqtbl2q_s8(c.third, rest);
    d[3] = vqtbl2q_s8(c.fourth, rest);
    d[4] = vqtbl2q_s8(c.fifth, rest);
  }
};

inline std::int32_t neon_sum_of(const std::int8_t* x, std::size_t cols) {
  int32x4_t sum = vdupq_n_s32(0);
  for (std::size_t k = 0; k < cols; k += 16) sum = vpadalq_s16(sum, vpaddlq_s8(vld1q_s8(x + k)));
  return vaddvq_s32(sum);
}

// The rows of a panel for one token: y[r] = v[r], or added to y[r], for r < live.
[[gnu::always_inline]] inline void put_rows(const int32x4_t (&v)[kPanelRegisters], bool add,
                                            std::size_t live, std::int32_t* y) {
  std::int32_t edge[kPanelRows] = {};
  std::int32_t* const to = live == kPanelRows ? y : edge;
  if (to == edge && add) std::memcpy(edge, y, live * sizeof *y);
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g)
    vst1q_s32(to + 4 * g, add ? vaddq_s32(v[g], vld1q_s32(to + 4 * g)) : v[g]);
  if (to == edge) std::memcpy(y, edge, live * sizeof *y);
}

// Weights of a run of blocks, as bytes [quads][4 registers][16]; or, kPaired, for vmmlaq_s32, whose
// operand is two rows by eight columns: [pairs of quads][8 pairs of rows][2][8]. Ends with blocks
// past the matrix, where x is 0, and zeros up to a multiple of four quads, which it returns.
template <typename Layout, bool kPaired>
std::size_t unpack_neon(const std::uint8_t* w, std::size_t blocks, std::int8_t* out) {
  constexpr std::size_t kQuads = Layout::kQuads;
  const typename Layout::Constants constants;
  const int8x16_t offset = vdupq_n_s8(Layout::kOffset);
  std::size_t quads = 0;
  for (std::size_t b = 0; b < blocks; b += 2, quads += 2 * kQuads)
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g) {
      const std::uint8_t* at = w + b * kQuadBytes + 16 * g;
      int8x16_t even[kQuads], odd[kQuads];
      Layout::decode(constants, vld1q_u8(at), even);
      Layout::decode(constants, b + 1 < blocks ? vld1q_u8(at + kQuadBytes) : vdupq_n_u8(0), odd);
#pragma GCC unroll 5
      for (std::size_t j = 0; j < kQuads; ++j) {
        int8x16_t first = 2 * j < kQuads ? even[2 * j] : odd[2 * j - kQuads];
        int8x16_t second = 2 * j + 1 < kQuads ? even[2 * j + 1] : odd[2 * j + 1 - kQuads];
        if constexpr (Layout::kOffset != 0) {
          first = vsubq_s8(first, offset);
          second = vsubq_s8(second, offset);
        }
        std::int8_t* to = out + (quads + 2 * j) * kQuadBytes;
        if constexpr (kPaired) {
          const int32x4_t a = vreinterpretq_s32_s8(first), b4 = vreinterpretq_s32_s8(second);
          vst1q_s8(to + 32 * g, vreinterpretq_s8_s32(vzip1q_s32(a, b4)));
          vst1q_s8(to + 32 * g + 16, vreinterpretq_s8_s32(vzip2q_s32(a, b4)));
        } else {
          vst1q_s8(to + 16 * g, first);
          vst1q_s8(to + kQuadBytes + 16 * g, second);
        }
      }
    }
  const std::size_t padded = (quads + 3) / 4 * 4;
  std::memset(out + quads * kQuadBytes, 0, (padded - quads) * kQuadBytes);
  return padded;
}

// Calls step.operator()<T>(first token) over [first, tokens): T = Most while that many are left,
// then the rest at once.
template <std::size_t Most, typename Step>
void for_neon_tokens(std::size_t tokens, const Step& step, std::size_t first = 0) {
  for (; tokens - first >= Most; first += Most) step.template operator()<Most>(first);
  if constexpr (Most > 1)
    if (first < tokens) for_neon_tokens<Most - 1>(tokens, step, first);
}

// Isa has kSmallBatch, kSmallTokens<Layout>, kTileTokens, kPaired and two functions for T tokens of
// one panel, of which the first `live` rows are in the matrix:
//   small<Layout, T>(panel, blocks, x, ldx, sums, live, y, ldy)  sums: what to take off (kOffset)
//   tile<T>(unpacked weights, quads, x, ldx, add, live, y, ldy)  add: to y, not in its place
template <typename Isa, typename Layout>
void multiply_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                   std::int32_t* y, std::size_t ldy) {
  constexpr const Geometry& g = Layout::kGeometry;
  const std::size_t blocks = g.blocks(w.cols), panel_bytes = g.panel_bytes(w.cols);

  if (tokens <= Isa::kSmallBatch) {
    std::int32_t sums[Isa::kSmallBatch] = {};
    if constexpr (Layout::kOffset != 0)
      for (std::size_t t = 0; t < tokens; ++t) sums[t] = neon_sum_of(x + t * ldx, w.cols);
    for (std::size_t r = 0; r < w.rows; r += kPanelRows) {
      const std::uint8_t* panel = w.data + r / kPanelRows * panel_bytes;
      const std::size_t live = std::min(kPanelRows, w.rows - r);
      for_neon_tokens<Isa::template kSmallTokens<Layout>>(
          tokens, [&]<std::size_t T>(std::size_t t) {
            Isa::template small<Layout, T>(panel, blocks, x + t * ldx, ldx, sums + t, live,
                                           y + t * ldy + r, ldy);
          });
    }
    return;
  }

  constexpr std::size_t kChunkBlocks = kChunkQuads / Layout::kQuads / 4 * 4;
  alignas(64) std::int8_t weights[kChunkQuads * kQuadBytes];
  for (std::size_t t0 = 0; t0 < tokens; t0 += kTokenBlock) {
    const std::size_t t_end = std::min(tokens, t0 + kTokenBlock);
    for (std::size_t b = 0; b < blocks; b += kChunkBlocks)
      for (std::size_t r = 0; r < w.rows; r += kPanelRows) {
        const std::uint8_t* at = w.data + r / kPanelRows * panel_bytes + b * g.block_bytes;
        const std::size_t quads =
            unpack_neon<Layout, Isa::kPaired>(at, std::min(kChunkBlocks, blocks - b), weights);
        const std::size_t live = std::min(kPanelRows, w.rows - r);
        const auto pass = [&]<std::size_t T>(std::size_t t) {
          Isa::template tile<T>(weights, quads, x + t * ldx + b * g.block_cols, ldx, b > 0, live,
                                y + t * ldy + r, ldy);
        };
        for_neon_tokens<Isa::kTileTokens>(t_end, pass, t0);
      }
  }
}

}  // namespace tern::kernels
