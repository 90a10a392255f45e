// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 F: the 16 accumulators of gemv.h are one register per row.

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

// ((a[i] + a[i + 8]) + ...) in the order of gemv.h.
TERN_TARGET_AVX512VNNI inline float fold(__m512 a) {
  const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
  const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
  return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
}

template <std::size_t R>
TERN_TARGET_AVX512VNNI void rows(const f16* w, std::size_t cols, const float* x, float* y) {
  __m512 a[R];
  for (std::size_t r = 0; r < R; ++r) a[r] = _mm512_setzero_ps();

  std::size_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    const __m512 xs = _mm512_loadu_ps(x + k);
    for (std::size_t r = 0; r < R; ++r) {
      const f16* at = w + r * cols + k;
      const __m512 ws = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
      a[r] = _mm512_fmadd_ps(ws, xs, a[r]);
    }
  }
  if (k < cols) {
    // The idle lanes add 0 * 0 = +0, which leaves every sum as it is: none is ever -0.
    const auto mask = static_cast<__mmask16>((1u << (cols - k)) - 1);
    const __m512 xs = _mm512_maskz_loadu_ps(mask, x + k);
    for (std::size_t r = 0; r < R; ++r) {
      const __m512 ws = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, w + r * cols + k));
      a[r] = _mm512_fmadd_ps(ws, xs, a[r]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) y[r] = fold(a[r]);
}

}  // namespace

void gemv_f16_avx512vnni(const F16View& w, const float* x, float* y) noexcept {
  for_rows(w.rows, w.rows * w.cols * sizeof(f16), w.cols * sizeof(float),
           [&]<std::size_t R>(std::size_t r) { rows<R>(w.data + r * w.cols, w.cols, x, y + r); });
}

}  // namespace tern::kernels
