// SPDX-License-Identifier: Apache-2.0
//
// What AVX2 and AVX-VNNI have in common under panels_tile.h, which says what these are for.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/x86.h"

namespace tern::kernels {

struct Avx2Ops {
  using Vec = __m256i;
  static constexpr std::size_t kBytes = 32;

  TERN_TARGET_AVX2 static Vec zero() { return _mm256_setzero_si256(); }
  TERN_TARGET_AVX2 static Vec load(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  TERN_TARGET_AVX2 static Vec set1_8(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  TERN_TARGET_AVX2 static Vec set1_32(std::int32_t v) { return _mm256_set1_epi32(v); }
  TERN_TARGET_AVX2 static Vec set1_quad(const std::int8_t* p) {
    std::int32_t quad;
    __builtin_memcpy(&quad, p, sizeof quad);
    return _mm256_set1_epi32(quad);
  }
  TERN_TARGET_AVX2 static Vec and_(Vec a, Vec b) { return _mm256_and_si256(a, b); }
  template <unsigned N>
  TERN_TARGET_AVX2 static Vec srl16(Vec a) {
    return _mm256_srli_epi16(a, N);
  }
  template <unsigned N>
  TERN_TARGET_AVX2 static Vec sra32(Vec a) {
    return _mm256_srai_epi32(a, N);
  }
  TERN_TARGET_AVX2 static Vec add8(Vec a, Vec b) { return _mm256_add_epi8(a, b); }
  TERN_TARGET_AVX2 static Vec add32(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  TERN_TARGET_AVX2 static Vec sub32(Vec a, Vec b) { return _mm256_sub_epi32(a, b); }
  TERN_TARGET_AVX2 static std::int32_t sum32(Vec a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b01'00'11'10));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b10'11'00'01));
    return _mm_cvtsi128_si32(s);
  }
  // floor(3 r / 256): 0 below 86, 1 below 171, else 2. A comparison that holds gives -1.
  TERN_TARGET_AVX2 static Vec carry3(Vec r) {
    const Vec one = _mm256_cmpeq_epi8(_mm256_max_epu8(r, set1_8(86)), r);
    const Vec two = _mm256_cmpeq_epi8(_mm256_max_epu8(r, set1_8(171)), r);
    return _mm256_abs_epi8(_mm256_add_epi8(one, two));
  }
  TERN_TARGET_AVX2 static void store_bytes(std::uint8_t* p, Vec a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
  }
  // The first `lanes` int32, at most all.
  TERN_TARGET_AVX2 static void store(std::int32_t* p, Vec a, std::size_t lanes) {
    if (lanes >= 8) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
      return;
    }
    std::int32_t all[8];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(all), a);
    __builtin_memcpy(p, all, lanes * sizeof(std::int32_t));
  }
};

}  // namespace tern::kernels
