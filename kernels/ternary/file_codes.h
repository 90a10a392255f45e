// SPDX-License-Identifier: Apache-2.0
//
// What the kernels of file_rows.h share. Codes weight + 1 are the unsigned operand of products, so
// a row's result is the sum over codes less the sum of x.

#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include "kernels/ternary/panels_avx2.h"
#endif

namespace tern::kernels {

inline std::int32_t sum_of(const std::int8_t* x, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

#if defined(__x86_64__)

// rows.operator()<N>(first row) for all: kMost at a time, which share the loads of x and give the
// sums room to wait, then one by one.
template <std::size_t kMost, typename Rows>
bool by_rows(std::size_t n, const Rows& rows) {
  bool legal = true;
  std::size_t r = 0;
  for (; n - r >= kMost; r += kMost) legal &= rows.template operator()<kMost>(r);
  for (; r < n; ++r) legal &= rows.template operator()<1>(r);
  return legal;
}

// Four codes to a byte. codes[i]: those at bits [2i+1:2i].
TERN_TARGET_AVX2 [[gnu::always_inline]] inline void split_codes(__m256i v, __m256i (&codes)[4]) {
  const __m256i mask = _mm256_set1_epi8(3);
  codes[0] = _mm256_and_si256(v, mask);
  codes[1] = _mm256_and_si256(_mm256_srli_epi16(v, 2), mask);
  codes[2] = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
  codes[3] = _mm256_and_si256(_mm256_srli_epi16(v, 6), mask);
}

TERN_TARGET_AVX512VNNI [[gnu::always_inline]] inline void split_codes(__m512i v,
                                                                      __m512i (&codes)[4]) {
  const __m512i mask = _mm512_set1_epi8(3);
  codes[0] = _mm512_and_si512(v, mask);
  codes[1] = _mm512_and_si512(_mm512_srli_epi16(v, 2), mask);
  codes[2] = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
  codes[3] = _mm512_and_si512(_mm512_srli_epi16(v, 6), mask);
}

#endif

}  // namespace tern::kernels
