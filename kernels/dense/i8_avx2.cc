// SPDX-License-Identifier: Apache-2.0
//
// AVX2: 16 weights of a row per step, as 16 bits.

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

#include "kernels/dense/int_sums.h"

struct Wide16 {
  using Reg = __m256i;
  static constexpr std::size_t kLanes = 16, kRows = 4, kTokens = 2;

  TERN_TARGET static inline Reg zero() { return _mm256_setzero_si256(); }
  TERN_TARGET static inline Reg load(const std::int16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  TERN_TARGET static inline Reg widen(const std::int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  TERN_TARGET static inline void store(std::int16_t* p, Reg a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
  }
  TERN_TARGET static inline Reg dot(Reg sum, Reg w, Reg x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(w, x));
  }
  template <std::size_t R>
  TERN_TARGET static inline void store_sums(const Reg (&a)[R][1], std::int32_t offset,
                                            std::int32_t* y) {
    __m256i sums[R];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) sums[r] = a[r][0];
    store_lane_sums<R>(sums, offset, y);
  }
};

#include "kernels/dense/i8_wide.h"
}  // namespace

void matmul_i8_avx2(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                    std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
