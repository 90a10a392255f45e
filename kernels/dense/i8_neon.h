// SPDX-License-Identifier: Apache-2.0
//
// What the int8 products on AArch64 hand to tile.h. No include guard: each i8_<isa>.cc includes
// this inside its unnamed namespace, after it has defined TERN_TARGET and
//
//   struct Mac   run(acc, w, x): to each int32 lane of `acc` the products of four bytes of 16
//                kTokens: of a tile of four rows

struct I8Ops {
  using W = std::int8_t;
  using X = std::int8_t;
  using Y = std::int32_t;
  using Vec = int32x4_t;
  using WVec = int8x16_t;
  using XVec = int8x16_t;
  using Wide = I8Ops;
  static constexpr std::size_t kParts = 1, kStep = 16, kRows = 4, kTokens = Mac::kTokens;
  static constexpr std::size_t kRowsAlone = 4;   // a row alone would wait for its own additions
  static constexpr std::size_t kAheadAlone = 0;  // not measured
  static constexpr X kIdleX = 0;

  TERN_TARGET static inline WVec load_w(const W* w) { return vld1q_s8(w); }
  TERN_TARGET static inline XVec load_x(const X* x) { return vld1q_s8(x); }
  TERN_TARGET static inline Vec zero() { return vdupq_n_s32(0); }
  TERN_TARGET static inline Vec mac(Vec a, WVec w, XVec x) { return Mac::run(a, w, x); }
  TERN_TARGET static inline void put(W* to, WVec w) { vst1q_s8(to, w); }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][1], Y* y, std::int32_t) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) y[r] = vaddvq_s32(a[r][0]);
  }
  static void pack(const X* x, std::size_t cols, X* to) {
    std::copy_n(x, cols, to);
    std::fill(to + cols, to + (cols + kStep - 1) / kStep * kStep, kIdleX);
  }
};

#include "kernels/dense/tile.h"

void multiply(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
              std::size_t tokens, std::int32_t* y, std::size_t ldy) {
  thread_local Scratch packed;
  if (tokens == 0 || w.rows == 0) return;
  if (tokens <= I8Ops::kTokens) return multiply_few<I8Ops>(w, x, ldx, tokens, nullptr, y, ldy);
  multiply_many<I8Ops>(w, pack_tokens<I8Ops>(packed, x, ldx, tokens, w.cols), tokens, nullptr, y,
                       ldy);
}
