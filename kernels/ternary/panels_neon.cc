// SPDX-License-Identifier: Apache-2.0
//
// Advanced SIMD without dot products: smlal of one activation quad, repeated for four rows, into
// int16 lanes, which are widened to int32 before one of them could overflow.
//
// Vector instructions per register of packed bytes (64 or 80 weights), the widening (2 per 32 or
// 51 blocks) and the repeated activations (1 or 1.25 per token) aside:
//   1-2 tokens  t2p  1 load,  6 to decode,  8 smlal per token
//               t5p  1 load, 9 to decode, 10 smlal per token
//   more        1 load and 4 smlal for 16 unpacked weights and 2 tokens

#include "kernels/ternary/panels_neon.h"

namespace tern::kernels {
namespace {

// Rows 4g and 4g + 1 in [g][0], four lanes each, the others in [g][1].
using Sums16 = int16x8_t[kPanelRegisters][2];
using Sums32 = int32x4_t[kPanelRegisters][2];

template <typename Sums, typename V>
[[gnu::always_inline]] inline void fill(Sums& sums, V v) {
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g) sums[g][0] = sums[g][1] = v;
}

[[gnu::always_inline]] inline void widen(const Sums16& from, Sums32& to) {
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g)
#pragma GCC unroll 2
    for (std::size_t h = 0; h < 2; ++h) to[g][h] = vpadalq_s16(to[g][h], from[g][h]);
}

[[gnu::always_inline]] inline int8x16_t repeat(const std::int8_t* quad) {
  std::int32_t word;
  std::memcpy(&word, quad, sizeof word);
  return vreinterpretq_s8_s32(vdupq_n_s32(word));
}

[[gnu::always_inline]] inline void multiply_add(int16x8_t (&sums)[2], int8x16_t w, int8x16_t x) {
  sums[0] = vmlal_s8(sums[0], vget_low_s8(w), vget_low_s8(x));
  sums[1] = vmlal_high_s8(sums[1], w, x);
}

[[gnu::always_inline]] inline void put(const Sums32& total, std::int32_t sum, bool add,
                                       std::size_t live, std::int32_t* y) {
  int32x4_t rows[kPanelRegisters];
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g)
    rows[g] = vsubq_s32(vpaddq_s32(total[g][0], total[g][1]), vdupq_n_s32(sum));
  put_rows(rows, add, live, y);
}

struct Neon {
  static constexpr std::size_t kSmallBatch = 4, kTileTokens = 2;
  template <typename Layout>
  static constexpr std::size_t kSmallTokens = 2;
  static constexpr bool kPaired = false;

  template <typename Layout, std::size_t T>
  static void small(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                    std::size_t ldx, const std::int32_t* sums, std::size_t live, std::int32_t* y,
                    std::size_t ldy) {
    constexpr std::size_t kQuads = Layout::kQuads;
    constexpr std::size_t kChunk = Layout::kProducts16 / kQuads;  // blocks
    const typename Layout::Constants constants;
    Sums32 total[T];
    for (std::size_t t = 0; t < T; ++t) fill(total[t], vdupq_n_s32(0));
    for (std::size_t b = 0; b < blocks;) {
      const std::size_t end = std::min(blocks, b + kChunk);
      Sums16 acc[T];
#pragma GCC unroll 2
      for (std::size_t t = 0; t < T; ++t) fill(acc[t], vdupq_n_s16(0));
      for (; b < end; ++b) {
        int8x16_t xs[T][kQuads];
#pragma GCC unroll 2
        for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 5
          for (std::size_t n = 0; n < kQuads; ++n)
            xs[t][n] = repeat(x + t * ldx + b * Layout::kGeometry.block_cols + n * kQuadCols);
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kPanelRegisters; ++g) {
          int8x16_t d[kQuads];
          Layout::decode(constants, vld1q_u8(w + b * kQuadBytes + 16 * g), d);
#pragma GCC unroll 2
          for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 5
            for (std::size_t n = 0; n < kQuads; ++n) multiply_add(acc[t][g], d[n], xs[t][n]);
        }
      }
#pragma GCC unroll 2
      for (std::size_t t = 0; t < T; ++t) widen(acc[t], total[t]);
    }
    for (std::size_t t = 0; t < T; ++t) put(total[t], sums[t], false, live, y + t * ldy);
  }

  template <std::size_t T>
  static void tile(const std::int8_t* weights, std::size_t quads, const std::int8_t* x,
                   std::size_t ldx, bool add, std::size_t live, std::int32_t* y, std::size_t ldy) {
    // A weight of -1 makes up to 128 of -128: one product per quad and lane.
    constexpr std::size_t kChunk = 255;
    Sums32 total[T];
    for (std::size_t t = 0; t < T; ++t) fill(total[t], vdupq_n_s32(0));
    for (std::size_t q = 0; q < quads;) {
      const std::size_t end = std::min(quads, q + kChunk);
      Sums16 acc[T];
#pragma GCC unroll 2
      for (std::size_t t = 0; t < T; ++t) fill(acc[t], vdupq_n_s16(0));
      for (; q < end; ++q) {
        int8x16_t xs[T];
#pragma GCC unroll 2
        for (std::size_t t = 0; t < T; ++t) xs[t] = repeat(x + t * ldx + q * kQuadCols);
#pragma GCC unroll 4
        for (std::size_t g = 0; g < kPanelRegisters; ++g) {
          const int8x16_t v = vld1q_s8(weights + q * kQuadBytes + 16 * g);
#pragma GCC unroll 2
          for (std::size_t t = 0; t < T; ++t) multiply_add(acc[t][g], v, xs[t]);
        }
      }
#pragma GCC unroll 2
      for (std::size_t t = 0; t < T; ++t) widen(acc[t], total[t]);
    }
    for (std::size_t t = 0; t < T; ++t) put(total[t], 0, add, live, y + t * ldy);
  }
};

}  // namespace

void matmul_t2p_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                     std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply_neon<Neon, NeonT2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                     std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply_neon<Neon, NeonT5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
