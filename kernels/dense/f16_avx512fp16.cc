// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 FP16: binary16 multiply-adds, 32 columns of a row per instruction.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512FP16

namespace tern::kernels {

MatmulF16Fn matmul_f16_avx512bw;

namespace {

constexpr MatmulF16Fn* exact = matmul_f16_avx512bw;

struct Ops {
  using Half = __m512i;
  using Sums = __m512;

  TERN_TARGET static inline Half zero_half() { return _mm512_setzero_si512(); }
  TERN_TARGET static inline Sums zero_sums() { return _mm512_setzero_ps(); }
  TERN_TARGET static inline Half load(const f16* p) { return _mm512_loadu_si512(p); }
  // Written out: clang 14 has no vectors of binary16 behind a target attribute.
  TERN_TARGET static inline Half fma(Half w, Half x, Half a) {
    asm("vfmadd231ph %2, %1, %0" : "+v"(a) : "v"(w), "v"(x));
    return a;
  }
  TERN_TARGET static inline Half add_half(Half a, Half b) {
    asm("vaddph %1, %0, %0" : "+v"(a) : "v"(b));
    return a;
  }
  TERN_TARGET static inline Sums add(Sums sums, Half half) {
    const __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(half));
    const __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1));
    return _mm512_add_ps(_mm512_add_ps(sums, low), high);
  }
  TERN_TARGET static inline __m128 fold_to_4(Sums a) {
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    return _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
  }
  template <std::size_t R>
  TERN_TARGET static inline void fold(const Sums* a, float* y) {
    if constexpr (R == 4) {
      const __m128 a0 = fold_to_4(a[0]), a1 = fold_to_4(a[1]);
      const __m128 a2 = fold_to_4(a[2]), a3 = fold_to_4(a[3]);
      const __m128 by2_01 = _mm_add_ps(_mm_unpacklo_ps(a0, a1), _mm_unpackhi_ps(a0, a1));
      const __m128 by2_23 = _mm_add_ps(_mm_unpacklo_ps(a2, a3), _mm_unpackhi_ps(a2, a3));
      _mm_storeu_ps(y, _mm_add_ps(_mm_movelh_ps(by2_01, by2_23), _mm_movehl_ps(by2_23, by2_01)));
    } else {
      for (std::size_t r = 0; r < R; ++r) {
        const __m128 by4 = fold_to_4(a[r]);
        const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
        y[r] = _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
      }
    }
  }
  TERN_TARGET static void narrow(const float* x, std::size_t n, f16* to) {
    std::size_t k = 0;
    for (; k + 16 <= n; k += 16)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k),
                          _mm512_cvtps_ph(_mm512_loadu_ps(x + k), _MM_FROUND_TO_NEAREST_INT));
    f32_to_f16(x + k, n - k, to + k);
  }
  TERN_TARGET static bool all_finite(const float* y, std::size_t n) {
    // Infinity and NaN alone are not 0 when 0 takes them times 0.
    __m512 not_finite = _mm512_setzero_ps();
    std::size_t r = 0;
    for (; r + 16 <= n; r += 16)
      not_finite = _mm512_fmadd_ps(_mm512_loadu_ps(y + r), _mm512_setzero_ps(), not_finite);
    bool finite = _mm512_cmp_ps_mask(not_finite, not_finite, _CMP_UNORD_Q) == 0;
    for (; r < n; ++r) finite &= std::isfinite(y[r]);
    return finite;
  }
};

#include "kernels/dense/f16_chain.h"

}  // namespace

void matmul_f16_avx512fp16(const DenseView<f16>& w, const float* x, std::size_t ldx,
                           std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
