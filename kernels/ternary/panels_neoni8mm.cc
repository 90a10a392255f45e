// SPDX-License-Identifier: Apache-2.0
//
// smmla for two tokens and more: two rows of eight weights against two tokens at once, twice the
// products of sdot. An odd last token is multiplied twice and stored once; one token alone is the
// dot product's.
//
// Vector instructions per register of packed bytes (64 or 80 weights):
//   to 4 tokens  t2p  1 load, 1 zip, 6 to decode, 4 smmla per pair of tokens
//                t5p  1 load, 1 zip, 9 to decode, 5 smmla per pair
//                and per pair and two blocks 4 or 8 loads and 8 or 11 zips of activations
//   more         tile_neoni8mm.h

#include "kernels/ternary/panels_neon.h"
#include "kernels/ternary/tile_neoni8mm.h"

namespace tern::kernels {

TernaryFn matmul_t2p_neondot, matmul_t5p_neondot;

namespace {

int8x16_t zip1_32(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
int8x16_t zip2_32(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
int8x16_t zip1_64(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip1q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}
int8x16_t zip2_64(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s64(vzip2q_s64(vreinterpretq_s64_s8(a), vreinterpretq_s64_s8(b)));
}

// Quad n of this block and of the next one, of tokens a and b: to rows whose dwords of two blocks
// were zipped before they were decoded, for which the weights need one zip in place of four.
template <typename Layout>
[[gnu::always_inline]] inline void activations(const std::int8_t* a, const std::int8_t* b,
                                               int8x16_t (&xs)[Layout::kQuads]) {
  constexpr std::size_t kNext = Layout::kGeometry.block_cols;
  const int8x16_t a0 = vld1q_s8(a), a1 = vld1q_s8(a + kNext);
  const int8x16_t b0 = vld1q_s8(b), b1 = vld1q_s8(b + kNext);
  xs[0] = zip1_64(zip1_32(a0, a1), zip1_32(b0, b1));
  xs[1] = zip2_64(zip1_32(a0, a1), zip1_32(b0, b1));
  xs[2] = zip1_64(zip2_32(a0, a1), zip2_32(b0, b1));
  xs[3] = zip2_64(zip2_32(a0, a1), zip2_32(b0, b1));
  if constexpr (Layout::kQuads == 5) {
    const std::int8_t *a4 = a + kQuadCols, *b4 = b + kQuadCols;
    xs[4] = zip2_64(zip2_32(vld1q_s8(a4), vld1q_s8(a4 + kNext)),
                    zip2_32(vld1q_s8(b4), vld1q_s8(b4 + kNext)));
  }
}

struct Neoni8mm {
  static constexpr std::size_t kSmallBatch = 8, kTileTokens = 4;
  // The tables of t5p take half of the registers.
  template <typename Layout>
  static constexpr std::size_t kSmallTokens = Layout::kQuads == 5 ? 2 : 4;
  static constexpr bool kPaired = true;

  template <typename Layout, std::size_t T>
  TERN_TARGET_NEONI8MM static void small(const std::uint8_t* w, std::size_t blocks,
                                         const std::int8_t* x, std::size_t ldx,
                                         const std::int32_t* sums, std::size_t live,
                                         std::int32_t* y, std::size_t ldy) {
    constexpr std::size_t P = (T + 1) / 2, kQuads = Layout::kQuads;
    int32x4_t acc[kRowPairs][P];
#pragma GCC unroll 8
    for (std::size_t j = 0; j < kRowPairs; ++j)
#pragma GCC unroll 2
      for (std::size_t p = 0; p < P; ++p) acc[j][p] = vdupq_n_s32(0);
    const typename Layout::Constants constants;
    for (std::size_t b = 0; b < blocks; b += 2) {
      int8x16_t xs[P][kQuads];
#pragma GCC unroll 2
      for (std::size_t p = 0; p < P; ++p) {
        const std::int8_t* xb = x + 2 * p * ldx + b * Layout::kGeometry.block_cols;
        activations<Layout>(xb, 2 * p + 1 < T ? xb + ldx : xb, xs[p]);
      }
#pragma GCC unroll 4
      for (std::size_t g = 0; g < kPanelRegisters; ++g) {
        const std::uint8_t* at = w + b * kQuadBytes + 16 * g;
        const int8x16_t v = vreinterpretq_s8_u8(vld1q_u8(at));
        // Past the matrix x is 0, so any weight will do.
        const int8x16_t next =
            vreinterpretq_s8_u8(b + 1 < blocks ? vld1q_u8(at + kQuadBytes) : vdupq_n_u8(0));
        int8x16_t upper[kQuads], lower[kQuads];
        Layout::decode(constants, vreinterpretq_u8_s8(zip1_32(v, next)), upper);
        Layout::decode(constants, vreinterpretq_u8_s8(zip2_32(v, next)), lower);
#pragma GCC unroll 5
        for (std::size_t n = 0; n < kQuads; ++n)
#pragma GCC unroll 2
          for (std::size_t p = 0; p < P; ++p) {
            acc[2 * g][p] = vmmlaq_s32(acc[2 * g][p], upper[n], xs[p][n]);
            acc[2 * g + 1][p] = vmmlaq_s32(acc[2 * g + 1][p], lower[n], xs[p][n]);
          }
      }
    }
    put_pairs_neoni8mm<T>(acc, sums, false, live, y, ldy);
  }

  template <std::size_t T>
  static void tile(const std::int8_t* weights, std::size_t quads, const std::int8_t* x,
                   std::size_t ldx, bool add, std::size_t live, std::int32_t* y, std::size_t ldy) {
    tile_neoni8mm<T>(weights, quads, x, ldx, add, live, y, ldy);
  }
};

}  // namespace

void matmul_t2p_neoni8mm(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                         std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kI8mmOwnFrom)
    matmul_t2p_neondot(w, x, ldx, tokens, y, ldy);
  else
    multiply_neon<Neoni8mm, NeonT2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_neoni8mm(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                         std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kI8mmOwnFrom)
    matmul_t5p_neondot(w, x, ldx, tokens, y, ldy);
  else
    multiply_neon<Neoni8mm, NeonT5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
