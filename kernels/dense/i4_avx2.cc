// SPDX-License-Identifier: Apache-2.0
//
// AVX2: vpmaddubsw; eight sums of two products each stay within 8 * 2 * 15 * 128 < 2^15.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/dense/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

TERN_TARGET inline __m256i dot(const __m256i (&q)[8], const std::int8_t* x) {
  __m256i pairs = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i)
    pairs = _mm256_add_epi16(
        pairs, _mm256_maddubs_epi16(
                   q[i], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * i))));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

#include "kernels/dense/i4_avx.h"
}  // namespace

void matmul_i4_avx2(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                    float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
