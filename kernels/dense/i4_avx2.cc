// SPDX-License-Identifier: Apache-2.0
//
// AVX2: vpmaddubsw; eight sums of two products each stay within 8 * 2 * 15 * 128 < 2^15.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

TERN_TARGET inline __m256i dot(const __m256i (&q)[8], const std::int8_t* x) {
  __m256i pairs = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i)
    pairs = _mm256_add_epi16(
        pairs, _mm256_maddubs_epi16(
                   q[i], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 32 * i))));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

#include "kernels/dense/i4_avx.h"

// Sums are int16 until the group ends: with the excess taken off they end within 16 * 8 * 128, and
// may wrap before.
struct Panel {
  using Ints = __m256i;
  using Quads = __m256i;
  using Sums = __m256;
  static constexpr std::size_t kRows = 8, kPanels = 1, kTokens = 4;

  static std::uint32_t excess(const std::int8_t* x) {
    std::int32_t sums[2] = {};
    for (std::size_t k = 0; k < kQ4Group; ++k) sums[k / 2 % 2] += x[k];
    return static_cast<std::uint16_t>(-8 * sums[0]) |
           static_cast<std::uint32_t>(static_cast<std::uint16_t>(-8 * sums[1])) << 16;
  }
  TERN_TARGET static inline Ints start(const std::uint32_t* excess) {
    return _mm256_set1_epi32(static_cast<int>(*excess));
  }
  TERN_TARGET static inline Quads quads(const std::uint32_t* w) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
  }
  TERN_TARGET static inline Quads broadcast(const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof quad);
    return _mm256_set1_epi32(quad);
  }
  TERN_TARGET static inline Ints dot(Ints sums, Quads q, Quads x) {
    sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(q, x));
    // Else gcc 12 begins with many products at once and spills them.
    asm volatile("" : "+x"(sums));
    return sums;
  }
  TERN_TARGET static inline Sums scales(const std::uint32_t* w) {
    return _mm256_castsi256_ps(quads(w));
  }
  TERN_TARGET static inline Sums scale(Sums d, Ints sums, Sums a) {
    const __m256i whole = _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
    return _mm256_fmadd_ps(d, _mm256_cvtepi32_ps(whole), a);
  }
  TERN_TARGET static inline Sums zero() { return _mm256_setzero_ps(); }
  TERN_TARGET static inline Sums add(Sums a, Sums b) { return _mm256_add_ps(a, b); }
  TERN_TARGET static inline Sums load(const float* p) { return _mm256_loadu_ps(p); }
  TERN_TARGET static inline void store(float* p, Sums a) { _mm256_storeu_ps(p, a); }
  TERN_TARGET static inline void store_rows(float* y, Sums a, std::size_t live) {
    if (live >= kRows) return _mm256_storeu_ps(y, a);
    float rows[kRows];
    _mm256_storeu_ps(rows, a);
    std::copy_n(rows, live, y);
  }
  TERN_TARGET static inline void put(std::uint32_t* to, __m256i q) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), q);
  }
  // Register j takes rows j and j + 4 in its halves; 4 x 4 words then change places.
  TERN_TARGET static inline void unpack(const std::uint8_t* const (&rows)[kRows], std::size_t at,
                                        std::uint32_t* to) {
    __m256i z[4];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) z[j] = Groups::two_groups(rows[j] + at, rows[j + 4] + at);
    const __m256i low01 = _mm256_unpacklo_epi32(z[0], z[1]);
    const __m256i low23 = _mm256_unpacklo_epi32(z[2], z[3]);
    const __m256i high01 = _mm256_unpackhi_epi32(z[0], z[1]);
    const __m256i high23 = _mm256_unpackhi_epi32(z[2], z[3]);
    const __m256i quads[4] = {
        _mm256_unpacklo_epi64(low01, low23), _mm256_unpackhi_epi64(low01, low23),
        _mm256_unpacklo_epi64(high01, high23), _mm256_unpackhi_epi64(high01, high23)};
    const __m256i nibble = _mm256_set1_epi8(15);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      put(to + i * kRows, _mm256_and_si256(quads[i], nibble));
      put(to + (4 + i) * kRows, _mm256_and_si256(_mm256_srli_epi16(quads[i], 4), nibble));
    }
    std::uint16_t d[kRows];
    for (std::size_t r = 0; r < kRows; ++r) std::memcpy(&d[r], rows[r] + at, sizeof d[r]);
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(d));
    put(to + 8 * kRows, _mm256_castps_si256(_mm256_cvtph_ps(halves)));
  }
};

#include "kernels/dense/i4_panels.h"

}  // namespace

void matmul_i4_avx2(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                    float* y, std::size_t ldy) noexcept {
  if (tokens <= kMostTokens)
    multiply(w, x, ldx, tokens, y, ldy);
  else
    multiply_panels(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
