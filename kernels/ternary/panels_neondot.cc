// SPDX-License-Identifier: Apache-2.0
//
// sdot by element: four rows of four weights against one lane of a token's 16 activations.
//
// Vector instructions per register of packed bytes (64 or 80 weights):
//   1 token    t2p  1 load, 4 to decode, 4 sdot: fields stay where they are in the byte, and their
//                   sums of weight 4 and 16 are divided at the end
//   more       t2p  1 load, 6 to decode, 4 sdot per token
//   any        t5p  1 load, 9 to decode, 5 sdot per token
//   many       1 load and 4 sdot for 16 unpacked weights and 4 tokens, a load of activations per 16

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

struct Neondot {
  static constexpr std::size_t kSmallBatch = 8, kTileTokens = 4;
  // The tables of t5p take half of the registers.
  template <typename Layout>
  static constexpr std::size_t kSmallTokens = Layout::kQuads == 5 ? 2 : 4;
  static constexpr bool kPaired = false;

  template <typename Layout, std::size_t T>
  TERN_TARGET_NEONDOT static void small(const std::uint8_t* w, std::size_t blocks,
                                        const std::int8_t* x, std::size_t ldx,
                                        const std::int32_t* sums, std::size_t live, std::int32_t* y,
                                        std::size_t ldy) {
    constexpr std::size_t kQuads = Layout::kQuads;
    if constexpr (T == 1 && kQuads == 4) return small_t2p(w, blocks, x, *sums, live, y);
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
