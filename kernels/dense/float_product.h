// SPDX-License-Identifier: Apache-2.0
//
// The float products in the defined order, over the 16 lanes of one ISA. No include guard: see
// tile.h. The including file has defined
//
//   struct Lanes   Reg: 16 / kParts float32; zero, load, store, fma, fold<R>; kRows, kTokens
//   struct F32, F16, Bf16, E4m3, E5m2   W; load(const W*): as many weights as Lanes::Reg
//     kNarrowsX, narrow(Lanes::Reg, W*)  whether activations are of type W too

#include "kernels/dense/tile.h"

// Weights times 0 may be -0, and an accumulator may be -0 where products underflowed: only a
// product of -0 leaves both zeros as they are.
constexpr float kIdle = -0.0f;

template <typename Format, typename Activation = F32>
struct FloatOps {
  using W = typename Format::W;
  using X = typename Activation::W;
  using Y = float;
  using Vec = Lanes::Reg;
  using WVec = Vec;
  using XVec = Vec;
  using Wide = FloatOps<F32>;
  static constexpr std::size_t kStep = 16, kParts = Lanes::kParts;
  static constexpr std::size_t kRows = Lanes::kRows, kTokens = Lanes::kTokens;
  // One row alone waits for its own additions: four of 16 weights each hide the latency where a
  // step is less than half a cache line.
  static constexpr std::size_t kRowsAlone = sizeof(W) == 1 ? 4 : 1;
  static constexpr std::size_t kAheadAlone = sizeof(W) == 4 ? 0 : 8192;
  static constexpr X kIdleX = Activation::kNegativeZero;

  TERN_TARGET static inline WVec load_w(const W* w) { return Format::load(w); }
  TERN_TARGET static inline XVec load_x(const X* x) { return Activation::load(x); }
  TERN_TARGET static inline Vec zero() { return Lanes::zero(); }
  TERN_TARGET static inline Vec mac(Vec a, WVec w, XVec x) { return Lanes::fma(w, x, a); }
  TERN_TARGET static inline void put(float* to, WVec w) { Lanes::store(to, w); }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][kParts], float* y, std::int32_t) {
    Lanes::fold<R>(a, y);
  }
  static void pack(const float* x, std::size_t cols, float* to) {
    std::copy_n(x, cols, to);
    std::fill(to + cols, to + (cols + kStep - 1) / kStep * kStep, kIdle);
  }
};

template <typename Format>
TERN_TARGET void narrow(const float* x, std::size_t n, typename Format::W* to) {
  constexpr std::size_t kLanes = 16 / Lanes::kParts;
  std::size_t k = 0;
  for (; k + kLanes <= n; k += kLanes) Format::narrow(Lanes::load(x + k), to + k);
  if (k == n) return;
  float tail[kLanes] = {};
  typename Format::W narrowed[kLanes];
  std::copy(x + k, x + n, tail);
  Format::narrow(Lanes::load(tail), narrowed);
  std::copy_n(narrowed, n - k, to + k);
}

template <typename Format>
void multiply(const DenseView<typename Format::W>& w, const float* x, std::size_t ldx,
              std::size_t tokens, float* y, std::size_t ldy) {
  using Ops = FloatOps<Format>;
  thread_local Scratch packed;
  if (tokens == 0 || w.rows == 0) return;
  if constexpr (Format::kNarrowsX) {
    // Half of the L1 cache is left to the row of weights that passes by.
    constexpr std::size_t kCachedCols = (std::size_t{16} << 10) / sizeof(float);
    if (tokens == 1 && w.cols > kCachedCols) {
      auto* narrowed = packed.room<typename Format::W>(w.cols);
      narrow<Format>(x, w.cols, narrowed);
      return multiply_few<FloatOps<Format, Format>>(w, narrowed, ldx, tokens, nullptr, y, ldy);
    }
  }
  if (tokens <= Ops::kTokens) return multiply_few<Ops>(w, x, ldx, tokens, nullptr, y, ldy);
  multiply_many<Ops>(w, pack_tokens<Ops>(packed, x, ldx, tokens, w.cols), tokens, nullptr, y, ldy);
}
