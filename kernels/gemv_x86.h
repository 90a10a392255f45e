// SPDX-License-Identifier: Apache-2.0
//
// What the x86 GEMV kernels share: reading several rows side by side, and sums across lanes.

#pragma once

// gcc 12 takes the deliberately undefined operands of its own intrinsics for mistakes (gcc bug
// 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include <cstddef>
#include <cstdint>

#define TERN_TARGET_AVX2 [[gnu::target("avx2,fma,f16c")]]
#define TERN_TARGET_AVX512VNNI \
  [[gnu::target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]]

namespace tern::kernels {

// Software prefetch for a pass that reads `rows` consecutive rows side by side. A hardware
// prefetcher follows each row but starts anew on each pass; so from `turn` bytes into a row on, a
// pass asks for the next pass's rows. Distances are relative to the byte being read.
struct PrefetchPlan {
  std::size_t near;
  std::size_t far;
  std::size_t turn;

  PrefetchPlan(std::size_t row_bytes, std::size_t rows, std::size_t ahead) {
    if (row_bytes > ahead) {
      near = ahead;
      far = ahead + (rows - 1) * row_bytes;
      turn = row_bytes - ahead;
    } else {  // short rows: whole passes ahead
      near = far = (ahead + row_bytes - 1) / row_bytes * rows * row_bytes;
      turn = 0;
    }
  }

  std::size_t distance(std::size_t offset) const { return offset < turn ? near : far; }
};

// Never faults, so it may point past the end of the weights.
inline void prefetch(const void* at, std::size_t distance) {
  __builtin_prefetch(
      reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + distance));
}

// The lanes of a hold the sums of a[0], ..., a[3] in each half.
TERN_TARGET_AVX2 inline __m256i hsum_4x256(const __m256i a[4]) {
  return _mm256_hadd_epi32(_mm256_hadd_epi32(a[0], a[1]), _mm256_hadd_epi32(a[2], a[3]));
}

TERN_TARGET_AVX2 inline __m128i sum_4x256(const __m256i a[4]) {
  const __m256i halves = hsum_4x256(a);
  return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

TERN_TARGET_AVX2 inline std::int32_t sum_256(__m256i a) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b01'00'11'10));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b10'11'00'01));
  return _mm_cvtsi128_si32(s);
}

// Lane i of the result is the sum of the 16 lanes of a[i].
TERN_TARGET_AVX512VNNI inline __m256i sum_8x512(const __m512i a[8]) {
  __m256i h[8];
  for (int i = 0; i < 8; ++i)
    h[i] = _mm256_add_epi32(_mm512_castsi512_si256(a[i]), _mm512_extracti64x4_epi64(a[i], 1));
  const __m256i low = hsum_4x256(h), high = hsum_4x256(h + 4);
  return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20),
                          _mm256_permute2x128_si256(low, high, 0x31));
}

// y[i] = (sum of the lanes of a[i]) - offset.
template <std::size_t R>
TERN_TARGET_AVX512VNNI inline void store_sums(const __m512i* a, std::int32_t offset,
                                              std::int32_t* y) {
  if constexpr (R == 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y),
                        _mm256_sub_epi32(sum_8x512(a), _mm256_set1_epi32(offset)));
  } else {
    for (std::size_t r = 0; r < R; ++r)
      y[r] = static_cast<std::int32_t>(static_cast<std::uint32_t>(_mm512_reduce_add_epi32(a[r])) -
                                       static_cast<std::uint32_t>(offset));
  }
}

// Calls pass<R>(first row) over [0, rows): R = Most while that many rows are left, then halves.
template <std::size_t Most, typename Pass>
inline void for_row_passes(std::size_t rows, Pass&& pass, std::size_t first = 0) {
  for (; rows - first >= Most; first += Most) pass.template operator()<Most>(first);
  if constexpr (Most > 1) for_row_passes<Most / 2>(rows, pass, first);
}

}  // namespace tern::kernels
