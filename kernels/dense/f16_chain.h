// SPDX-License-Identifier: Apache-2.0
//
// FP16 products in binary16 arithmetic: chains of kChain fused multiply-adds on 32 columns each,
// begun at 0, whose ends are widened and added to 16 float32 accumulators. What overflows binary16
// is done again in the defined order. No include guard: f16_avx512fp16*.cc include this inside
// their unnamed namespaces, after they have defined TERN_TARGET and
//
//   struct Ops   Half: 32 binary16, Sums: 16 float32; zero_half, zero_sums, load, fma,
//                add(sums, half): both halves widened, the lower first; fold
//   exact        the matmul_f16 function of the defined order
//
// Why chains of 8: a chain costs kChain multiply-adds and 5 instructions to widen and add, for
// 32 * kChain products; float32 does 16 products per instruction. So a chain of 4 does 14, less
// than float32, of 8 20, of 16 24 but with twice the error.

constexpr std::size_t kChain = 8;
constexpr std::size_t kHalfCols = 32;

template <std::size_t R, std::size_t T>
TERN_TARGET void tile(const f16* w, std::size_t cols, const f16* x, std::size_t ldx, float* y,
                      std::size_t ldy) {
  typename Ops::Sums sums[T][R];
  for (std::size_t t = 0; t < T; ++t)
    for (std::size_t r = 0; r < R; ++r) sums[t][r] = Ops::zero_sums();

  for (std::size_t k = 0; k < cols;) {
    typename Ops::Half chain[T][R];
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) chain[t][r] = Ops::zero_half();
    const std::size_t end = std::min(cols, k + kChain * kHalfCols);
    for (; k < end; k += kHalfCols) {
      typename Ops::Half ws[R];
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) {
        const f16* at = w + r * cols + k;
        if (cols - k >= kHalfCols) {
          ws[r] = Ops::load(at);
        } else {
          f16 tail[kHalfCols] = {};
          std::copy_n(at, cols - k, tail);
          ws[r] = Ops::load(tail);
        }
      }
#pragma GCC unroll 4
      for (std::size_t t = 0; t < T; ++t) {
        const typename Ops::Half xs = Ops::load(x + t * ldx + k);
#pragma GCC unroll 2
        for (std::size_t r = 0; r < R; ++r) chain[t][r] = Ops::fma(ws[r], xs, chain[t][r]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (std::size_t r = 0; r < R; ++r) sums[t][r] = Ops::add(sums[t][r], chain[t][r]);
  }
  for (std::size_t t = 0; t < T; ++t)
    for (std::size_t r = 0; r < R; ++r) y[t * ldy + r] = Ops::fold(sums[t][r]);
}

template <std::size_t R>
void rows(const f16* w, std::size_t cols, const f16* x, std::size_t ldx, std::size_t tokens,
          float* y, std::size_t ldy) {
  std::size_t t = 0;
  for (; tokens - t >= 4; t += 4) tile<R, 4>(w, cols, x + t * ldx, ldx, y + t * ldy, ldy);
  for (; t < tokens; ++t) tile<R, 1>(w, cols, x + t * ldx, ldx, y + t * ldy, ldy);
}

void multiply(const DenseView<f16>& w, const float* x, std::size_t ldx, std::size_t tokens,
              float* y, std::size_t ldy) {
  thread_local Scratch narrowed;
  const std::size_t stride = packed_stride<f16>(w.cols);
  f16* xs = narrowed.room<f16>(tokens * stride);
  for (std::size_t t = 0; t < tokens; ++t) {
    f32_to_f16(x + t * ldx, w.cols, xs + t * stride);
    std::fill(xs + t * stride + w.cols, xs + (t + 1) * stride, f16{0});
  }
  std::size_t r = 0;
  for (; w.rows - r >= 2; r += 2)
    rows<2>(w.data + r * w.cols, w.cols, xs, stride, tokens, y + r, ldy);
  if (r < w.rows) rows<1>(w.data + r * w.cols, w.cols, xs, stride, tokens, y + r, ldy);

  for (std::size_t t = 0; t < tokens; ++t)
    for (r = 0; r < w.rows; ++r)
      if (!std::isfinite(y[t * ldy + r]))
        exact(w.slice(r, r + 1), x + t * ldx, ldx, 1, y + t * ldy + r, ldy);
}
