// SPDX-License-Identifier: Apache-2.0
//
// A 6 x 16 register tile: 12 accumulators hide the latency of the fused multiply-add, two loads and
// 6 broadcasts feed 12 of them.

#include <immintrin.h>

#include "kernels/gemm_f32_blocked.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kMr = 6, kNr = 16;

[[gnu::target("avx2,fma")]] void tile(std::size_t k, const float* a, const float* b, float* c,
                                      std::size_t ldc) {
  __m256 sum[kMr][2];
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kMr; ++i) sum[i][0] = sum[i][1] = _mm256_setzero_ps();
  for (std::size_t p = 0; p < k; ++p) {
    const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
    for (std::size_t i = 0; i < kMr; ++i) {
      const __m256 ai = _mm256_set1_ps(a[i]);
      sum[i][0] = _mm256_fmadd_ps(ai, b0, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(ai, b1, sum[i][1]);
    }
    a += kMr;
    b += kNr;
  }
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kMr; ++i) {
    float* row = c + i * ldc;
    _mm256_storeu_ps(row, _mm256_add_ps(_mm256_loadu_ps(row), sum[i][0]));
    _mm256_storeu_ps(row + 8, _mm256_add_ps(_mm256_loadu_ps(row + 8), sum[i][1]));
  }
}

}  // namespace

void gemm_f32_avx2(std::size_t m, std::size_t n, std::size_t k, const StridedView& a,
                   const StridedView& b, float* c, std::size_t ldc) {
  gemm_f32_blocked<kMr, kNr>(m, n, k, a, b, c, ldc, tile);
}

}  // namespace tern::kernels
