// SPDX-License-Identifier: Apache-2.0
//
// INT8 products by vpdpbusd, which wants one unsigned operand: weights become w + 128 by flipping
// their top bit, and 128 * sum(x) is taken off each result. Before that a sum reaches at most
// 255 * 128 * 65536 < 2^31. No include guard: see tile.h. The including file has defined
//
//   struct Vnni   Reg: kBytes bytes; zero, load, store, flip (the top bit of each byte),
//                 dot(sum, unsigned, signed), store_sums<R>; kRows, kTokens

#include "kernels/dense/tile.h"

struct I8Ops {
  using W = std::int8_t;
  using X = std::int8_t;
  using Y = std::int32_t;
  using Vec = Vnni::Reg;
  using WVec = Vec;
  using XVec = Vec;
  static constexpr std::size_t kParts = 1, kStep = Vnni::kBytes;
  static constexpr std::size_t kRows = Vnni::kRows, kTokens = Vnni::kTokens, kRowsAlone = 1;
  static constexpr std::size_t kAheadAlone = 0;
  static constexpr X kIdleX = 0;  // meets w + 128 = 128

  TERN_TARGET static inline WVec load_w(const W* w) { return Vnni::flip(Vnni::load(w)); }
  TERN_TARGET static inline XVec load_x(const X* x) { return Vnni::load(x); }
  TERN_TARGET static inline Vec zero() { return Vnni::zero(); }
  TERN_TARGET static inline Vec mac(Vec a, WVec w, XVec x) { return Vnni::dot(a, w, x); }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][1], Y* y, std::int32_t sum) {
    Vnni::store_sums<R>(a, sum, y);
  }
  static void pack(const X* x, std::size_t cols, X* to) {
    std::copy_n(x, cols, to);
    std::fill(to + cols, to + (cols + kStep - 1) / kStep * kStep, kIdleX);
  }

  struct Wide;
};

// Weights already flipped.
struct I8Ops::Wide : I8Ops {
  TERN_TARGET static inline WVec load_w(const W* w) { return Vnni::load(w); }
  TERN_TARGET static inline void put(W* to, WVec w) { Vnni::store(to, w); }
};

TERN_TARGET std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  constexpr std::size_t kStep = I8Ops::kStep;
  std::int8_t ones[kStep], tail[kStep] = {};
  std::fill_n(ones, kStep, std::int8_t{1});
  Vnni::Reg sums[1][1] = {{Vnni::zero()}};
  std::size_t k = 0;
  for (; k + kStep <= cols; k += kStep)
    sums[0][0] = Vnni::dot(sums[0][0], Vnni::load(ones), Vnni::load(x + k));
  std::copy(x + k, x + cols, tail);
  sums[0][0] = Vnni::dot(sums[0][0], Vnni::load(ones), Vnni::load(tail));
  std::int32_t sum = 0;
  Vnni::store_sums<1>(sums, 0, &sum);
  return sum;
}

void multiply(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
              std::size_t tokens, std::int32_t* y, std::size_t ldy) {
  thread_local Scratch sums_block, packed;
  if (tokens == 0 || w.rows == 0) return;
  auto* sums = sums_block.room<std::int32_t>(tokens);
  for (std::size_t t = 0; t < tokens; ++t)
    sums[t] = 128 * sum_of(x + t * ldx, w.cols);  // |.| <= 2^30
  if (tokens <= I8Ops::kTokens) return multiply_few<I8Ops>(w, x, ldx, tokens, sums, y, ldy);
  multiply_many<I8Ops>(w, pack_tokens<I8Ops>(packed, x, ldx, tokens, w.cols), tokens, sums, y, ldy);
}
