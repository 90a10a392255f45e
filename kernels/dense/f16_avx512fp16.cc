// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 FP16: binary16 multiply-adds, 32 columns of a row per instruction.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/dense/scratch.h"
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
  TERN_TARGET static inline Sums add(Sums sums, Half half) {
    const __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(half));
    const __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1));
    return _mm512_add_ps(_mm512_add_ps(sums, low), high);
  }
  TERN_TARGET static inline float fold(Sums a) {
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
};

#include "kernels/dense/f16_chain.h"

}  // namespace

void matmul_f16_avx512fp16(const DenseView<f16>& w, const float* x, std::size_t ldx,
                           std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
