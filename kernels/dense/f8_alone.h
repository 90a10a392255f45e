// SPDX-License-Identifier: Apache-2.0
//
// FP8 and a single token, where widening binds: 32 columns at a time, two steps of the 16
// accumulators. No include guard: float_avx*.cc include this inside their unnamed namespaces, after
// float_product.h and
//
//   struct E4m3Twice, E5m2Twice   load(w, Lanes::Reg (&)[2 * Lanes::kParts]): 32 columns
//   E4m3Twice   Bytes, no_bytes, any_is_ones
//               largest(a, w)    of Bytes a and as many weights with their sign set
//
// E4M3 comes as the binary16 of 2^-8 times the weight, and NaN as if it were a number. So
// activations are taken 2^8 times larger, which changes no product; where that overflows, and for
// rows with a NaN in them, which is looked for while they are in a cache, the plain way remains.
//
// Emerald Rapids, 2560 x 2560, cold, percent of read bandwidth, against float_product.h's way: E4M3
// 62 -> 78, AVX2 40 -> 68; E5M2 77 -> 83, AVX2 72 -> 80. Two rows side by side hide the latency of
// their additions (E4M3, one alone: 73; four: 73). Widening binds: AVX-512 has 11 operations for 32
// weights of E4M3 and 9 of E5M2 on two ports, and multiplies 18 and 23 G weights a second from L2,
// where a core reads 18 GB/s. AVX2's vcvtph2ps of a register takes the one port that shuffles, that
// of memory does not: halves that pass through memory brought E4M3 9.4 -> 13.1 GMAC/s from L2, E5M2
// 10.7 -> 16.3 (AVX-512, whose ports are the same for both: 4 %, and nothing cold). Not measured
// on Zen 4.

template <typename Twice>
struct AloneOps {
  static constexpr std::size_t kRegs = 2 * Lanes::kParts;
  struct Cols {
    Lanes::Reg reg[kRegs];
  };
  struct Vec {
    Lanes::Reg part[Lanes::kParts];
  };
  using W = f8;
  using X = float;
  using Y = float;
  using WVec = Cols;
  using XVec = Cols;
  static constexpr std::size_t kStep = 32, kParts = 1;
  static constexpr std::size_t kRows = 4, kTokens = 1, kRowsAlone = 2, kAheadAlone = 8192;
  static constexpr X kIdleX = kIdle;

  TERN_TARGET static inline WVec load_w(const W* w) {
    WVec cols;
    Twice::load(w, cols.reg);
    return cols;
  }
  TERN_TARGET static inline XVec load_x(const X* x) {
    XVec cols;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegs; ++i) cols.reg[i] = Lanes::load(x + i * (kStep / kRegs));
    return cols;
  }
  TERN_TARGET static inline Vec zero() {
    Vec a;
#pragma GCC unroll 2
    for (std::size_t i = 0; i < Lanes::kParts; ++i) a.part[i] = Lanes::zero();
    return a;
  }
  TERN_TARGET static inline Vec mac(Vec a, const WVec& w, const XVec& x) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kRegs; ++i) {
      Lanes::Reg& part = a.part[i % Lanes::kParts];
      part = Lanes::fma(w.reg[i], x.reg[i], part);
    }
    return a;
  }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][1], float* y, std::int32_t) {
    Lanes::Reg lanes[R][Lanes::kParts];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (std::size_t i = 0; i < Lanes::kParts; ++i) lanes[r][i] = a[r][0].part[i];
    Lanes::fold<R>(lanes, y);
  }
};

TERN_TARGET inline bool has_nan_e4m3(const f8* w, std::size_t n) {
  constexpr std::size_t kBytes = sizeof(E4m3Twice::Bytes);
  E4m3Twice::Bytes most[2] = {E4m3Twice::no_bytes(), E4m3Twice::no_bytes()};
  std::size_t i = 0;
  for (; i + 2 * kBytes <= n; i += 2 * kBytes) {
    most[0] = E4m3Twice::largest(most[0], w + i);
    most[1] = E4m3Twice::largest(most[1], w + i + kBytes);
  }
  f8 rest = 0;
  for (; i < n; ++i) rest = std::max(rest, static_cast<f8>(w[i] | 0x80));
  return rest == 0xff || E4m3Twice::any_is_ones(most[0]) || E4m3Twice::any_is_ones(most[1]);
}

// to = 256 x; false where one of them is not finite.
TERN_TARGET inline bool enlarge(const float* x, std::size_t n, float* to) {
  bool finite = true;
  for (std::size_t k = 0; k < n; ++k) {
    to[k] = x[k] * 256.0f;
    finite &= std::fabs(to[k]) <= std::numeric_limits<float>::max();
  }
  return finite;
}

inline void multiply_e4m3(const DenseView<f8>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) {
  thread_local Scratch enlarged;
  float* larger = tokens == 1 ? enlarged.room<float>(w.cols) : nullptr;
  if (tokens != 1 || !enlarge(x, w.cols, larger)) return multiply<E4m3>(w, x, ldx, tokens, y, ldy);
  using Ops = AloneOps<E4m3Twice>;
  for (std::size_t r = 0; r < w.rows; r += Ops::kRows) {
    const DenseView<f8> rows = w.slice(r, std::min(r + Ops::kRows, w.rows));
    multiply_few<Ops>(rows, larger, ldx, 1, nullptr, y + r, ldy);
    if (has_nan_e4m3(rows.data, rows.rows * rows.cols))
      multiply_few<FloatOps<E4m3>>(rows, x, ldx, 1, nullptr, y + r, ldy);
  }
}

inline void multiply_e5m2(const DenseView<f8>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) {
  if (tokens == 1)
    multiply_few<AloneOps<E5m2Twice>>(w, x, ldx, 1, nullptr, y, ldy);
  else
    multiply<E5m2>(w, x, ldx, tokens, y, ldy);
}
