// SPDX-License-Identifier: Apache-2.0
//
// A 12 x 32 register tile: 24 accumulators hide the latency of the fused multiply-add, two loads
// and 12 broadcasts feed 24 of them.

#include <immintrin.h>

#include "kernels/gemm_f32_blocked.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kMr = 12, kNr = 32;

[[gnu::target("avx512f")]] void tile(std::size_t k, const float* a, const float* b, float* c,
                                     std::size_t ldc) {
  __m512 sum[kMr][2];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kMr; ++i) sum[i][0] = sum[i][1] = _mm512_setzero_ps();
  for (std::size_t p = 0; p < k; ++p) {
    const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kMr; ++i) {
      const __m512 ai = _mm512_set1_ps(a[i]);
      sum[i][0] = _mm512_fmadd_ps(ai, b0, sum[i][0]);
      sum[i][1] = _mm512_fmadd_ps(ai, b1, sum[i][1]);
    }
    a += kMr;
    b += kNr;
  }
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kMr; ++i) {
    float* row = c + i * ldc;
    _mm512_storeu_ps(row, _mm512_add_ps(_mm512_loadu_ps(row), sum[i][0]));
    _mm512_storeu_ps(row + 16, _mm512_add_ps(_mm512_loadu_ps(row + 16), sum[i][1]));
  }
}

}  // namespace

void gemm_f32_avx512vnni(std::size_t m, std::size_t n, std::size_t k, const StridedView& a,
                         const StridedView& b, float* c, std::size_t ldc) {
  gemm_f32_blocked<kMr, kNr>(m, n, k, a, b, c, ldc, tile);
}

}  // namespace tern::kernels
