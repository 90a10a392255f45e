// SPDX-License-Identifier: Apache-2.0
//
// Sums across the int32 lanes of accumulators. No include guard: see tile.h.

TERN_TARGET inline std::int32_t sum_lanes(__m256i a) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b01'00'11'10));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b10'11'00'01));
  return _mm_cvtsi128_si32(s);
}

// y[r] = (sum of the lanes of a[r]) - offset, modulo 2^32.
template <std::size_t R>
TERN_TARGET inline void store_lane_sums(const __m256i (&a)[R], std::int32_t offset,
                                        std::int32_t* y) {
  const __m128i offsets = _mm_set1_epi32(offset);
  if constexpr (R == 4) {
    const __m256i halves =
        _mm256_hadd_epi32(_mm256_hadd_epi32(a[0], a[1]), _mm256_hadd_epi32(a[2], a[3]));
    const __m128i sums =
        _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm_sub_epi32(sums, offsets));
  } else {
    for (std::size_t r = 0; r < R; ++r)
      y[r] = _mm_cvtsi128_si32(_mm_sub_epi32(_mm_cvtsi32_si128(sum_lanes(a[r])), offsets));
  }
}
