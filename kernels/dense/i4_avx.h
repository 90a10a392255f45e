// SPDX-License-Identifier: Apache-2.0
//
// What the INT4 products on x86 hand to i4_groups.h: eight groups in 256-bit registers. No include
// guard: each i4_<isa>.cc includes this inside its unnamed namespace, after it has defined
// TERN_TARGET and
//
//   dot(q, x)   the eight sums over q[i] * vector i of x, q unsigned nibbles, vectors 32 bytes

struct Groups {
  static constexpr std::size_t kParts = 1;
  using Sums = __m256;
  struct Weights {
    __m256i q[8];  // q[h * 4 + i]: the nibbles of columns h * 16 + 4 i .. + 3 of each group
    __m256 d;
  };

  TERN_TARGET static inline Sums zero() { return _mm256_setzero_ps(); }

  TERN_TARGET static inline __m256i two_groups(const std::uint8_t* low, const std::uint8_t* high) {
    const auto at = [](const std::uint8_t* p) { return reinterpret_cast<const __m128i*>(p + 2); };
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(at(low))),
                                   _mm_loadu_si128(at(high)), 1);
  }

  TERN_TARGET static inline __m256 scales(const std::uint8_t* groups) {
    std::uint16_t d[8];
    for (std::size_t l = 0; l < 8; ++l) std::memcpy(&d[l], groups + l * kQ4GroupBytes, 2);
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(d)));
  }

  TERN_TARGET static inline Weights decode(const std::uint8_t* groups) {
    const auto at = [&](std::size_t l) { return groups + l * kQ4GroupBytes; };
    const __m256i a = two_groups(at(0), at(4)), b = two_groups(at(1), at(5));
    const __m256i c = two_groups(at(2), at(6)), d = two_groups(at(3), at(7));
    const __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
    const __m256i bytes[4] = {
        _mm256_unpacklo_epi64(ab_low, cd_low), _mm256_unpackhi_epi64(ab_low, cd_low),
        _mm256_unpacklo_epi64(ab_high, cd_high), _mm256_unpackhi_epi64(ab_high, cd_high)};
    const __m256i nibble = _mm256_set1_epi8(15);
    Weights w;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      w.q[i] = _mm256_and_si256(bytes[i], nibble);
      w.q[4 + i] = _mm256_and_si256(_mm256_srli_epi16(bytes[i], 4), nibble);
    }
    w.d = scales(groups);
    return w;
  }

  TERN_TARGET static inline Sums add(Sums a, const Weights& w, const std::int8_t* x,
                                     const std::int32_t* excess) {
    const __m256i sums =
        _mm256_sub_epi32(dot(w.q, x), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(excess)));
    return _mm256_fmadd_ps(w.d, _mm256_cvtepi32_ps(sums), a);
  }

  TERN_TARGET static inline float fold(const Sums (&a)[1]) {
    const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(a[0]), _mm256_extractf128_ps(a[0], 1));
    const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
    return _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
  }
};

#include "kernels/dense/i4_groups.h"
