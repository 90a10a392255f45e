// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA, F16C: the 16 accumulators of gemv.h are two registers per row.

#include <algorithm>

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

struct Accumulators {
  __m256 low;   // l = 0..7
  __m256 high;  // l = 8..15
};

TERN_TARGET_AVX2 inline __m256 eight(const f16* w) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
}

TERN_TARGET_AVX2 inline void accumulate(Accumulators& a, const f16* w, __m256 x_low,
                                        __m256 x_high) {
  a.low = _mm256_fmadd_ps(eight(w), x_low, a.low);
  a.high = _mm256_fmadd_ps(eight(w + 8), x_high, a.high);
}

TERN_TARGET_AVX2 inline float fold(const Accumulators& a) {
  const __m256 by8 = _mm256_add_ps(a.low, a.high);
  const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
  const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
  return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
}

template <std::size_t R>
TERN_TARGET_AVX2 void rows(const f16* w, std::size_t cols, const float* x, float* y) {
  Accumulators a[R];
  for (std::size_t r = 0; r < R; ++r) a[r] = {_mm256_setzero_ps(), _mm256_setzero_ps()};

  std::size_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    const __m256 x_low = _mm256_loadu_ps(x + k), x_high = _mm256_loadu_ps(x + k + 8);
    for (std::size_t r = 0; r < R; ++r) {
      const f16* at = w + r * cols + k;
      accumulate(a[r], at, x_low, x_high);
    }
  }
  if (k < cols) {
    // The idle lanes add 0 * 0 = +0, which leaves every sum as it is: none is ever -0.
    float x_tail[16] = {};
    std::copy(x + k, x + cols, x_tail);
    const __m256 x_low = _mm256_loadu_ps(x_tail), x_high = _mm256_loadu_ps(x_tail + 8);
    for (std::size_t r = 0; r < R; ++r) {
      f16 w_tail[16] = {};
      std::copy(w + r * cols + k, w + (r + 1) * cols, w_tail);
      accumulate(a[r], w_tail, x_low, x_high);
    }
  }
  for (std::size_t r = 0; r < R; ++r) y[r] = fold(a[r]);
}

}  // namespace

void gemv_f16_avx2(const F16View& w, const float* x, float* y) noexcept {
  for_rows(w.rows, w.rows * w.cols * sizeof(f16), w.cols * sizeof(float),
           [&]<std::size_t R>(std::size_t r) { rows<R>(w.data + r * w.cols, w.cols, x, y + r); });
}

}  // namespace tern::kernels
