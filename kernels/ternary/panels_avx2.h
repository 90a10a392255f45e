// SPDX-License-Identifier: Apache-2.0
//
// What AVX2 and AVX-VNNI have in common under panels_tile.h, which says what these are for.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/ternary/t5p_code.h"
#include "kernels/x86.h"

namespace tern::kernels {

struct Avx2Ops {
  using Vec = __m256i;
  static constexpr std::size_t kBytes = 32;
  static Vec mac_quad(Vec acc, Vec codes, const std::int8_t* x);  // where a quad is one register

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
  TERN_TARGET_AVX2 static Vec add32(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  TERN_TARGET_AVX2 static Vec sub32(Vec a, Vec b) { return _mm256_sub_epi32(a, b); }
  TERN_TARGET_AVX2 static std::int32_t sum32(Vec a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b01'00'11'10));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0b10'11'00'01));
    return _mm_cvtsi128_si32(s);
  }
  TERN_TARGET_AVX2 static Vec table16(const std::array<std::uint8_t, 16>& table) {
    return _mm256_broadcastsi128_si256(
        _mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
  }
  TERN_TARGET_AVX2 static Vec look_up(const std::array<std::uint8_t, 16>& table, Vec at) {
    return _mm256_shuffle_epi8(table16(table), at);
  }
  TERN_TARGET_AVX2 static Vec less(Vec a, int b) {
    return _mm256_min_epu8(a, _mm256_sub_epi8(a, set1_8(b)));
  }
  // 21 operations (t5p_code.h). The lesser of a and a - b, unsigned, is a less b where that goes.
  TERN_TARGET_AVX2 [[gnu::always_inline]] static void decode5(Vec q, Vec (&c)[5]) {
    const Vec low = and_(q, set1_8(15)), high = and_(srl16<4>(q), set1_8(15));
    const Vec over = _mm256_add_epi8(look_up(kT5pRemainder, low), look_up(kT5pSwapped, high));
    const Vec pair =
        _mm256_sub_epi8(look_up(kT5pQuotient, low), _mm256_cmpgt_epi8(over, set1_8(kT5pStep - 1)));
    const Vec rest = less(over, kT5pStep), last = less(less(rest, 9), 9);
    c[0] = look_up(kT5pThirds, pair);
    c[1] = look_up(kT5pModulo3, pair);
    c[2] = look_up(kT5pNinths, _mm256_sub_epi8(rest, last));
    c[3] = look_up(kT5pThirds, last);
    c[4] = look_up(kT5pModulo3, last);
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
