// SPDX-License-Identifier: Apache-2.0
//
// INT8 products by vpmaddwd on operands widened to 16 bits, exact for every pair: vpmaddubsw would
// saturate at 2 * 128 * 128. Two instructions (with the addition) per register of products, so four
// for as many as one vpmaddubsw makes: a quarter of its peak on AVX-512 of Intel (where Emerald
// Rapids reaches 23 %), 37 % of it on AVX2. No exact way by vpmaddubsw takes fewer: the halves of a
// weight in two nibbles take two of them and two additions, and more where int16 is full; 7 bits
// and one bit take five; |w| and x with the sign of w still saturate at -128. Activations are
// widened once per call. No include guard: see tile.h. The including file has defined
//
//   struct Wide16   Reg: kLanes int16; zero, load, widen, store, dot(sum, w, x), store_sums<R>;
//                   kRows, kTokens

#include "kernels/dense/tile.h"

struct I8Ops {
  using W = std::int8_t;
  using X = std::int16_t;
  using Y = std::int32_t;
  using Vec = Wide16::Reg;
  using WVec = Vec;
  using XVec = Vec;
  static constexpr std::size_t kParts = 1, kStep = Wide16::kLanes;
  static constexpr std::size_t kRows = Wide16::kRows, kTokens = Wide16::kTokens, kRowsAlone = 1;
  static constexpr std::size_t kAheadAlone = 0;
  static constexpr X kIdleX = 0;

  TERN_TARGET static inline WVec load_w(const W* w) { return Wide16::widen(w); }
  TERN_TARGET static inline XVec load_x(const X* x) { return Wide16::load(x); }
  TERN_TARGET static inline Vec zero() { return Wide16::zero(); }
  TERN_TARGET static inline Vec mac(Vec a, WVec w, XVec x) { return Wide16::dot(a, w, x); }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][1], Y* y, std::int32_t) {
    Wide16::store_sums<R>(a, 0, y);
  }
  TERN_TARGET static void pack(const std::int8_t* x, std::size_t cols, X* to) {
    std::size_t k = 0;
    for (; k + kStep <= cols; k += kStep) Wide16::store(to + k, Wide16::widen(x + k));
    if (k == cols) return;
    std::int8_t tail[kStep] = {};
    std::copy(x + k, x + cols, tail);
    Wide16::store(to + k, Wide16::widen(tail));
  }

  struct Wide;
};

struct I8Ops::Wide : I8Ops {
  using W = std::int16_t;
  TERN_TARGET static inline WVec load_w(const W* w) { return Wide16::load(w); }
  TERN_TARGET static inline void put(W* to, WVec w) { Wide16::store(to, w); }
};

void multiply(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
              std::size_t tokens, std::int32_t* y, std::size_t ldy) {
  thread_local Scratch packed;
  if (tokens == 0 || w.rows == 0) return;
  const std::int16_t* xs = pack_tokens<I8Ops>(packed, x, ldx, tokens, w.cols);
  if (tokens <= I8Ops::kTokens)
    return multiply_few<I8Ops>(w, xs, packed_stride<std::int16_t>(w.cols), tokens, nullptr, y, ldy);
  multiply_many<I8Ops>(w, xs, tokens, nullptr, y, ldy);
}
