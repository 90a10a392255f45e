// SPDX-License-Identifier: Apache-2.0
//
// What AVX-512 BW and VNNI have in common under panels_tile.h, which says what these are for.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/ternary/t5p_code.h"
#include "kernels/x86.h"

namespace tern::kernels {

struct Avx512Ops {
  using Vec = __m512i;
  struct [[gnu::packed, gnu::may_alias]] Quad {
    std::int8_t x[4];
  };
  static constexpr std::size_t kBytes = 64;

  TERN_TARGET_AVX512BW static Vec zero() { return _mm512_setzero_si512(); }
  TERN_TARGET_AVX512BW static Vec load(const void* p) { return _mm512_loadu_si512(p); }
  TERN_TARGET_AVX512BW static Vec set1_8(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  TERN_TARGET_AVX512BW static Vec set1_32(std::int32_t v) { return _mm512_set1_epi32(v); }
  TERN_TARGET_AVX512BW static Vec set1_quad(const std::int8_t* p) {
    std::int32_t quad;
    __builtin_memcpy(&quad, p, sizeof quad);
    return _mm512_set1_epi32(quad);
  }
  TERN_TARGET_AVX512BW static Vec and_(Vec a, Vec b) { return _mm512_and_si512(a, b); }
  template <unsigned N>
  TERN_TARGET_AVX512BW static Vec srl16(Vec a) {
    return _mm512_srli_epi16(a, N);
  }
  template <unsigned N>
  TERN_TARGET_AVX512BW static Vec sra32(Vec a) {
    return _mm512_srai_epi32(a, N);
  }
  TERN_TARGET_AVX512BW static Vec add32(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  TERN_TARGET_AVX512BW static Vec sub32(Vec a, Vec b) { return _mm512_sub_epi32(a, b); }
  TERN_TARGET_AVX512BW static std::int32_t sum32(Vec a) { return _mm512_reduce_add_epi32(a); }
  TERN_TARGET_AVX512BW static Vec table16(const std::array<std::uint8_t, 16>& table) {
    return _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
  }
  TERN_TARGET_AVX512BW static Vec look_up(const std::array<std::uint8_t, 16>& table, Vec at) {
    return _mm512_shuffle_epi8(table16(table), at);
  }
  TERN_TARGET_AVX512BW static Vec less(Vec a, int b) {
    return _mm512_min_epu8(a, _mm512_sub_epi8(a, set1_8(b)));
  }
  // As in panels_avx2.h.
  TERN_TARGET_AVX512BW [[gnu::always_inline]] static void decode5(Vec q, Vec (&c)[5]) {
    const Vec low = and_(q, set1_8(15)), high = and_(srl16<4>(q), set1_8(15));
    const Vec over = _mm512_add_epi8(look_up(kT5pRemainder, low), look_up(kT5pSwapped, high));
    const Vec quotient = look_up(kT5pQuotient, low);
    const Vec pair = _mm512_mask_add_epi8(
        quotient, _mm512_cmpgt_epi8_mask(over, set1_8(kT5pStep - 1)), quotient, set1_8(1));
    const Vec rest = less(over, kT5pStep), last = less(less(rest, 9), 9);
    c[0] = look_up(kT5pThirds, pair);
    c[1] = look_up(kT5pModulo3, pair);
    c[2] = look_up(kT5pNinths, _mm512_sub_epi8(rest, last));
    c[3] = look_up(kT5pThirds, last);
    c[4] = look_up(kT5pModulo3, last);
  }
  TERN_TARGET_AVX512BW static void store_bytes(std::uint8_t* p, Vec a) {
    _mm512_storeu_si512(p, a);
  }
  // The first `lanes` int32, at most all.
  TERN_TARGET_AVX512BW static void store(std::int32_t* p, Vec a, std::size_t lanes) {
    if (lanes >= 16)
      _mm512_storeu_si512(p, a);
    else
      _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << lanes) - 1), a);
  }
};

struct Avx512VbmiOps : Avx512Ops {
  TERN_TARGET_AVX512VBMI static Vec look_up64(const std::array<std::uint8_t, 64>& table, Vec at) {
    return _mm512_permutexvar_epi8(at, _mm512_load_si512(table.data()));
  }
  TERN_TARGET_AVX512VBMI [[gnu::always_inline]] static void decode5(Vec q, Vec (&c)[5]) {
    c[0] = look_up64(kT5pFirst, q);
    c[1] = look_up64(kT5pSecond, q);
    constexpr int kOrAnd = 0b1111'1000;  // a | (b & c)
    const Vec rest =
        _mm512_ternarylogic_epi64(look_up64(kT5pRest, q), srl16<6>(q), set1_8(3), kOrAnd);
    c[2] = look_up64(kT5pThird, rest);
    c[3] = look_up64(kT5pFourth, rest);
    c[4] = look_up64(kT5pFifth, rest);
  }
};

}  // namespace tern::kernels
