// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI on 256-bit registers: vpdpbusd.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/dense/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512VNNI

namespace tern::kernels {
namespace {

TERN_TARGET inline __m256i dot(const __m256i (&q)[8], const std::int8_t* x) {
  __m256i sums = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i)
    sums = _mm256_dpbusd_epi32(sums, q[i],
                               _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * i)));
  return sums;
}

#include "kernels/dense/i4_avx.h"
}  // namespace

void matmul_i4_avx512vnni(const Q4View& w, const std::int8_t* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
