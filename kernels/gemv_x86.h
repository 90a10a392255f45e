// SPDX-License-Identifier: Apache-2.0
//
// What the x86 GEMV kernels share: sums across lanes, and how many rows are read side by side.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/x86.h"

namespace tern::kernels {

// Never faults, so it may point past the end of the weights.
inline void prefetch(const void* at, std::size_t distance) {
  __builtin_prefetch(
      reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + distance));
}

// Lane i of the result is the sum of the lanes of a[i].
TERN_TARGET_AVX2 inline __m128i sum_4x256(const __m256i a[4]) {
  const __m256i halves =
      _mm256_hadd_epi32(_mm256_hadd_epi32(a[0], a[1]), _mm256_hadd_epi32(a[2], a[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

TERN_TARGET_AVX2 inline std::int32_t sum_256(__m256i a) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b01'00'11'10));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b10'11'00'01));
  return _mm_cvtsi128_si32(s);
}

// y[r] = (sum of the lanes of a[r]) - offset, for R rows, where R is 1, 2 or a multiple of 4.
template <std::size_t R>
TERN_TARGET_AVX2 inline void store_sums(const __m256i* a, std::int32_t offset, std::int32_t* y) {
  if constexpr (R < 4) {
    for (std::size_t r = 0; r < R; ++r) y[r] = sum_256(a[r]) - offset;
  } else {
    for (std::size_t r = 0; r < R; r += 4)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + r),
                       _mm_sub_epi32(sum_4x256(a + r), _mm_set1_epi32(offset)));
  }
}

template <std::size_t R>
TERN_TARGET_AVX512VNNI inline void store_sums(const __m512i* a, std::int32_t offset,
                                              std::int32_t* y) {
  __m256i halves[R];
  for (std::size_t r = 0; r < R; ++r)
    halves[r] = _mm256_add_epi32(_mm512_castsi512_si256(a[r]), _mm512_extracti64x4_epi64(a[r], 1));
  store_sums<R>(halves, offset, y);
}

// Calls pass<R>(first row) over [0, rows): R = Most while that many rows are left, then halves.
template <std::size_t Most, typename Pass>
inline void for_row_passes(std::size_t rows, Pass&& pass, std::size_t first = 0) {
  for (; rows - first >= Most; first += Most) pass.template operator()<Most>(first);
  if constexpr (Most > 1) for_row_passes<Most / 2>(rows, pass, first);
}

// The same with the number of rows side by side that suits the size of the weights and of x.
// More rows share the loads of x and overlap their latencies. But memory is read fastest in
// address order, one row after the other, while x stays in the L1 cache, and else as many streams.
// Zen 4, FP16 from memory: 21 and 14 GB/s for 1 and 4 rows at once of 2560 columns, 13 and 20 GB/s
// for 1 and 8 rows of 6912 columns.
template <typename Pass>
inline void for_rows(std::size_t rows, std::size_t weight_bytes, std::size_t x_bytes, Pass&& pass) {
  constexpr std::size_t kCached = std::size_t{1} << 20, kCachedX = std::size_t{16} << 10;
  if (weight_bytes <= kCached)
    for_row_passes<4>(rows, pass);
  else if (x_bytes <= kCachedX)
    for_row_passes<1>(rows, pass);
  else
    for_row_passes<8>(rows, pass);
}

}  // namespace tern::kernels
