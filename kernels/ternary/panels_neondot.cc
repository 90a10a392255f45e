// SPDX-License-Identifier: Apache-2.0
//
// sdot by element: four rows of four weights against one lane of a token's 16 activations.
//
// Vector instructions per register of packed bytes (64 or 80 weights):
//   1 token    t2p  1 load, 4 to decode, 4 sdot: fields stay where they are in the byte, and their
//                   sums of weight 4 and 16 are divided at the end
//              t5p  1 load, 6 to decode, 10 sdot (small_t5p)
//   2-4 tokens t2p  1 load, 6 to decode, 4 sdot per token
//              t5p  1 load, 15 to decode, 5 sdot per token
//   more       1 load and 4 sdot for 16 unpacked weights and 4 tokens, a load of activations per 16

#include "kernels/ternary/panels_neon.h"

namespace tern::kernels {
namespace {

template <int kLane>
TERN_TARGET_NEONDOT [[gnu::always_inline]] inline int32x4_t dot(int32x4_t acc, int8x16_t w,
                                                                int8x16_t x) {
  return vdotq_laneq_s32(acc, w, x, kLane);
}

TERN_TARGET_NEONDOT void small_t2p(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                                   std::int32_t sum, std::size_t live, std::int32_t* y) {
  // 16 * 2 * 128 in each of 16,384 columns stays below 2^27.
  int32x4_t ones[kPanelRegisters], fours[kPanelRegisters], sixteens[kPanelRegisters];
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g)
    ones[g] = fours[g] = sixteens[g] = vdupq_n_s32(0);
  const auto field = [](uint8x16_t v, std::uint8_t mask) {
    return vreinterpretq_s8_u8(vandq_u8(v, vdupq_n_u8(mask)));
  };
  for (std::size_t b = 0; b < blocks; ++b) {
    const int8x16_t xs = vld1q_s8(x + b * kT2p.block_cols);
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g) {
      const uint8x16_t v = vld1q_u8(w + b * kQuadBytes + 16 * g);
      ones[g] = dot<0>(ones[g], field(v, 0b0000'0011), xs);
      fours[g] = dot<1>(fours[g], field(v, 0b0000'1100), xs);
      sixteens[g] = dot<2>(sixteens[g], field(v, 0b0011'0000), xs);
      ones[g] = dot<3>(ones[g], vreinterpretq_s8_u8(vshrq_n_u8(v, 6)), xs);
    }
  }
  int32x4_t total[kPanelRegisters];
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g) {
    total[g] = vsraq_n_s32(vsraq_n_s32(ones[g], fours[g], 2), sixteens[g], 4);
    total[g] = vsubq_s32(total[g], vdupq_n_s32(sum));
  }
  put_rows(total, false, live, y);
}

// Without decoding a weight. With s[0] = q - 128 as int8 and s[n+1] = 3 s[n] wrapped to int8,
// 3 s[n] - s[n+1] = 256 w[n]: panels.h, shifted by the 128 that 3 * 128 is modulo 256. So the sum
// over w[n] x[n] is (3 sum s[n] x[n] - sum s[n+1] x[n]) / 256.
TERN_TARGET_NEONDOT void small_t5p(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                                   std::size_t live, std::int32_t* y) {
  constexpr std::size_t kChunk = 1600;  // blocks: 3 * 128 * 128 * 32,000 columns stays below 2^31
  const int8x16_t three = vreinterpretq_s8_u8(factor(3));
  int32x4_t total[kPanelRegisters];
#pragma GCC unroll 4
  for (std::size_t g = 0; g < kPanelRegisters; ++g) total[g] = vdupq_n_s32(0);
  for (std::size_t b = 0; b < blocks;) {
    const std::size_t end = std::min(blocks, b + kChunk);
    int32x4_t once[kPanelRegisters], next[kPanelRegisters];
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g) once[g] = next[g] = vdupq_n_s32(0);
    for (; b < end; ++b) {
      const std::int8_t* xb = x + b * kT5p.block_cols;
      const int8x16_t xs = vld1q_s8(xb), last = vld1q_s8(xb + kQuadCols);
#pragma GCC unroll 4
      for (std::size_t g = 0; g < kPanelRegisters; ++g) {
        const uint8x16_t q = vld1q_u8(w + b * kQuadBytes + 16 * g);
        const int8x16_t s0 = vreinterpretq_s8_u8(veorq_u8(q, vdupq_n_u8(128)));
        const int8x16_t s1 = vmulq_s8(s0, three), s2 = vmulq_s8(s1, three);
        const int8x16_t s3 = vmulq_s8(s2, three), s4 = vmulq_s8(s3, three);
        const int8x16_t s5 = vmulq_s8(s4, three);
        once[g] = dot<0>(once[g], s0, xs);
        next[g] = dot<0>(next[g], s1, xs);
        once[g] = dot<1>(once[g], s1, xs);
        next[g] = dot<1>(next[g], s2, xs);
        once[g] = dot<2>(once[g], s2, xs);
        next[g] = dot<2>(next[g], s3, xs);
        once[g] = dot<3>(once[g], s3, xs);
        next[g] = dot<3>(next[g], s4, xs);
        once[g] = dot<3>(once[g], s4, last);
        next[g] = dot<3>(next[g], s5, last);
      }
    }
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g)
      total[g] = vsraq_n_s32(total[g], vsubq_s32(vmulq_n_s32(once[g], 3), next[g]), 8);
  }
  put_rows(total, false, live, y);
}

struct Neondot {
  static constexpr std::size_t kSmallBatch = 8, kSmallTokens = 4, kTileTokens = 4;
  static constexpr bool kPaired = false;

  template <typename Layout, std::size_t T>
  TERN_TARGET_NEONDOT static void small(const std::uint8_t* w, std::size_t blocks,
                                        const std::int8_t* x, std::size_t ldx,
                                        const std::int32_t* sums, std::size_t live, std::int32_t* y,
                                        std::size_t ldy) {
    constexpr std::size_t kQuads = Layout::kQuads;
    if constexpr (T == 1) {
      if constexpr (kQuads == 4)
        small_t2p(w, blocks, x, *sums, live, y);
      else
        small_t5p(w, blocks, x, live, y);
      return;
    }
    int32x4_t acc[T][kPanelRegisters];
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
      for (std::size_t g = 0; g < kPanelRegisters; ++g) acc[t][g] = vdupq_n_s32(-sums[t]);
    const typename Layout::Constants constants;
    for (std::size_t b = 0; b < blocks; ++b) {
      int8x16_t xs[T], last[T];
#pragma GCC unroll 4
      for (std::size_t t = 0; t < T; ++t) {
        const std::int8_t* xb = x + t * ldx + b * Layout::kGeometry.block_cols;
        xs[t] = vld1q_s8(xb);
        if constexpr (kQuads == 5) last[t] = vld1q_s8(xb + kQuadCols);
      }
#pragma GCC unroll 4
      for (std::size_t g = 0; g < kPanelRegisters; ++g) {
        int8x16_t d[kQuads];
        Layout::decode(constants, vld1q_u8(w + b * kQuadBytes + 16 * g), d);
#pragma GCC unroll 4
        for (std::size_t t = 0; t < T; ++t) {
          acc[t][g] = dot<0>(acc[t][g], d[0], xs[t]);
          acc[t][g] = dot<1>(acc[t][g], d[1], xs[t]);
          acc[t][g] = dot<2>(acc[t][g], d[2], xs[t]);
          acc[t][g] = dot<3>(acc[t][g], d[3], xs[t]);
          if constexpr (kQuads == 5) acc[t][g] = dot<3>(acc[t][g], d[4], last[t]);
        }
      }
    }
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t) put_rows(acc[t], false, live, y + t * ldy);
  }

  template <int kLane, std::size_t T>
  TERN_TARGET_NEONDOT [[gnu::always_inline]] static void quad(
      const std::int8_t* weights, const int8x16_t (&xs)[T], int32x4_t (&acc)[T][kPanelRegisters]) {
#pragma GCC unroll 4
    for (std::size_t g = 0; g < kPanelRegisters; ++g) {
      const int8x16_t w = vld1q_s8(weights + kLane * kQuadBytes + 16 * g);
#pragma GCC unroll 4
      for (std::size_t t = 0; t < T; ++t) acc[t][g] = dot<kLane>(acc[t][g], w, xs[t]);
    }
  }

  template <std::size_t T>
  TERN_TARGET_NEONDOT static void tile(const std::int8_t* weights, std::size_t quads,
                                       const std::int8_t* x, std::size_t ldx, bool add,
                                       std::size_t live, std::int32_t* y, std::size_t ldy) {
    int32x4_t acc[T][kPanelRegisters];
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 4
      for (std::size_t g = 0; g < kPanelRegisters; ++g) acc[t][g] = vdupq_n_s32(0);
    for (std::size_t q = 0; q < quads; q += 4) {
      int8x16_t xs[T];
#pragma GCC unroll 4
      for (std::size_t t = 0; t < T; ++t) xs[t] = vld1q_s8(x + t * ldx + q * kQuadCols);
      const std::int8_t* at = weights + q * kQuadBytes;
      quad<0>(at, xs, acc);
      quad<1>(at, xs, acc);
      quad<2>(at, xs, acc);
      quad<3>(at, xs, acc);
    }
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t) put_rows(acc[t], add, live, y + t * ldy);
  }
};

}  // namespace

void matmul_t2p_neondot(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply_neon<Neondot, NeonT2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_neondot(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply_neon<Neondot, NeonT5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
