// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: vpdpbusd, for few tokens on 256-bit registers.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512VNNI

namespace tern::kernels {
namespace {

TERN_TARGET inline __m256i dot(const __m256i (&q)[8], const std::int8_t* x) {
  __m256i sums = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i)
    sums = _mm256_dpbusd_epi32(sums, q[i],
                               _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * i)));
  return sums;
}

#include "kernels/dense/i4_avx.h"

struct Panel {
  using Ints = __m512i;
  using Quads = __m512i;
  using Sums = __m512;
  static constexpr std::size_t kRows = 16, kPanels = 2, kTokens = 6;

  static std::uint32_t excess(const std::int8_t* x) {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < kQ4Group; ++k) sum += x[k];
    return static_cast<std::uint32_t>(-8 * sum);
  }
  TERN_TARGET static inline Ints start(const std::uint32_t* excess) {
    return _mm512_set1_epi32(static_cast<int>(*excess));
  }
  TERN_TARGET static inline Quads quads(const std::uint32_t* w) { return _mm512_loadu_si512(w); }
  TERN_TARGET static inline Quads broadcast(const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof quad);
    return _mm512_set1_epi32(quad);
  }
  TERN_TARGET static inline Ints dot(Ints sums, Quads q, Quads x) {
    return _mm512_dpbusd_epi32(sums, q, x);
  }
  TERN_TARGET static inline Sums scales(const std::uint32_t* w) { return _mm512_loadu_ps(w); }
  TERN_TARGET static inline Sums scale(Sums d, Ints sums, Sums a) {
    return _mm512_fmadd_ps(d, _mm512_cvtepi32_ps(sums), a);
  }
  TERN_TARGET static inline Sums zero() { return _mm512_setzero_ps(); }
  TERN_TARGET static inline Sums add(Sums a, Sums b) { return _mm512_add_ps(a, b); }
  TERN_TARGET static inline Sums load(const float* p) { return _mm512_loadu_ps(p); }
  TERN_TARGET static inline void store(float* p, Sums a) { _mm512_storeu_ps(p, a); }
  TERN_TARGET static inline void store_rows(float* y, Sums a, std::size_t live) {
    _mm512_mask_storeu_ps(y, static_cast<__mmask16>(live >= kRows ? 0xffff : (1u << live) - 1), a);
  }
  TERN_TARGET static inline __m128i nibbles(const std::uint8_t* group) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(group + 2));
  }
  // Register j takes rows j, j + 4, ... in its quarters; 4 x 4 words then change places.
  TERN_TARGET static inline void unpack(const std::uint8_t* const (&rows)[kRows], std::size_t at,
                                        std::uint32_t* to) {
    __m512i z[4];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      z[j] = _mm512_castsi128_si512(nibbles(rows[j] + at));
      z[j] = _mm512_inserti32x4(z[j], nibbles(rows[j + 4] + at), 1);
      z[j] = _mm512_inserti32x4(z[j], nibbles(rows[j + 8] + at), 2);
      z[j] = _mm512_inserti32x4(z[j], nibbles(rows[j + 12] + at), 3);
    }
    const __m512i low01 = _mm512_unpacklo_epi32(z[0], z[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(z[2], z[3]);
    const __m512i high01 = _mm512_unpackhi_epi32(z[0], z[1]);
    const __m512i high23 = _mm512_unpackhi_epi32(z[2], z[3]);
    const __m512i quads[4] = {
        _mm512_unpacklo_epi64(low01, low23), _mm512_unpackhi_epi64(low01, low23),
        _mm512_unpacklo_epi64(high01, high23), _mm512_unpackhi_epi64(high01, high23)};
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      _mm512_storeu_si512(to + i * kRows, _mm512_and_si512(quads[i], nibble));
      _mm512_storeu_si512(to + (4 + i) * kRows,
                          _mm512_and_si512(_mm512_srli_epi16(quads[i], 4), nibble));
    }
    std::uint16_t d[kRows];
    for (std::size_t r = 0; r < kRows; ++r) std::memcpy(&d[r], rows[r] + at, sizeof d[r]);
    _mm512_storeu_ps(to + 8 * kRows,
                     _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(d))));
  }
};

#include "kernels/dense/i4_panels.h"

}  // namespace

void matmul_i4_avx512vnni(const Q4View& w, const std::int8_t* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) noexcept {
  if (tokens <= kMostTokens)
    multiply(w, x, ldx, tokens, y, ldy);
  else
    multiply_panels(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
