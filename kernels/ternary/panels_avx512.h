// SPDX-License-Identifier: Apache-2.0
//
// What AVX-512 BW and VNNI have in common under panels_tile.h, which says what these are for.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/x86.h"

namespace tern::kernels {

struct Avx512Ops {
  using Vec = __m512i;
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
  TERN_TARGET_AVX512BW static Vec add8(Vec a, Vec b) { return _mm512_add_epi8(a, b); }
  TERN_TARGET_AVX512BW static Vec add32(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  TERN_TARGET_AVX512BW static Vec sub32(Vec a, Vec b) { return _mm512_sub_epi32(a, b); }
  TERN_TARGET_AVX512BW static std::int32_t sum32(Vec a) { return _mm512_reduce_add_epi32(a); }
  // floor(3 r / 256): 0 below 86, 1 below 171, else 2.
  TERN_TARGET_AVX512BW static Vec carry3(Vec r) {
    const Vec one = set1_8(1);
    const Vec first = _mm512_maskz_mov_epi8(_mm512_cmpge_epu8_mask(r, set1_8(86)), one);
    return _mm512_mask_add_epi8(first, _mm512_cmpge_epu8_mask(r, set1_8(171)), first, one);
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

}  // namespace tern::kernels
