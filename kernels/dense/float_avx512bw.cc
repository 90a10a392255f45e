// SPDX-License-Identifier: Apache-2.0
//
// AVX-512: the 16 accumulators of dense.h are one register.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512BW

namespace tern::kernels {
namespace {

struct Lanes {
  using Reg = __m512;
  static constexpr std::size_t kParts = 1, kRows = 4,
                               kTokens = 6;  // 24 accumulators of 32 registers

  TERN_TARGET static inline Reg zero() { return _mm512_setzero_ps(); }
  TERN_TARGET static inline Reg load(const float* p) { return _mm512_loadu_ps(p); }
  TERN_TARGET static inline void store(float* p, Reg a) { _mm512_storeu_ps(p, a); }
  TERN_TARGET static inline Reg fma(Reg w, Reg x, Reg a) { return _mm512_fmadd_ps(w, x, a); }

  TERN_TARGET static inline __m128 fold_to_4(Reg a) {
    const __m256 by8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    return _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
  }
  template <std::size_t R>
  TERN_TARGET static inline void fold(const Reg (&a)[R][1], float* y) {
    if constexpr (R == 4) {
      const __m128 a0 = fold_to_4(a[0][0]), a1 = fold_to_4(a[1][0]);
      const __m128 a2 = fold_to_4(a[2][0]), a3 = fold_to_4(a[3][0]);
      const __m128 by2_01 = _mm_add_ps(_mm_unpacklo_ps(a0, a1), _mm_unpackhi_ps(a0, a1));
      const __m128 by2_23 = _mm_add_ps(_mm_unpacklo_ps(a2, a3), _mm_unpackhi_ps(a2, a3));
      _mm_storeu_ps(y, _mm_add_ps(_mm_movelh_ps(by2_01, by2_23), _mm_movehl_ps(by2_23, by2_01)));
    } else {
      for (std::size_t r = 0; r < R; ++r) {
        const __m128 by4 = fold_to_4(a[r][0]);
        const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
        y[r] = _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
      }
    }
  }
};

struct F32 {
  using W = float;
  static constexpr W kNegativeZero = -0.0f;
  static constexpr bool kNarrowsX = false;
  TERN_TARGET static inline __m512 load(const W* w) { return _mm512_loadu_ps(w); }
};

TERN_TARGET inline __m256i load_256(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
TERN_TARGET inline __m128i load_128(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}

struct F16 {
  using W = f16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  TERN_TARGET static inline __m512 load(const W* w) { return _mm512_cvtph_ps(load_256(w)); }
  TERN_TARGET static inline void narrow(__m512 x, W* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
};

struct Bf16 {
  using W = bf16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  TERN_TARGET static inline __m512 load(const W* w) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_256(w)), 16));
  }
  TERN_TARGET static inline void narrow(__m512 x, W* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(x), 16)));
  }
};

struct E5m2 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  TERN_TARGET static inline __m512 load(const W* w) {
    return _mm512_cvtph_ps(_mm256_slli_epi16(_mm256_cvtepu8_epi16(load_128(w)), 8));
  }
};

struct E4m3 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  // Sign to bit 15, the rest to bits [13:7]: the binary16 of 2^-8 times the weight.
  TERN_TARGET static inline __m512 load(const W* w) {
    const __m256i h = _mm256_and_si256(_mm256_slli_epi16(_mm256_cvtepi8_epi16(load_128(w)), 7),
                                       _mm256_set1_epi16(static_cast<short>(0xbf80)));
    const __m256i magnitude = _mm256_and_si256(h, _mm256_set1_epi16(0x3f80));
    const __m256i is_nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x3f80));
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_or_si256(h, is_nan)), _mm512_set1_ps(256.0f));
  }
};

#include "kernels/dense/float_product.h"

struct E4m3Twice {
  using Bytes = __m512i;
  TERN_TARGET static inline Bytes no_bytes() { return _mm512_setzero_si512(); }
  TERN_TARGET static inline bool any_is_ones(Bytes a) {
    return _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8(-1)) != 0;
  }
  TERN_TARGET static inline Bytes largest(Bytes a, const f8* w) {
    return _mm512_max_epu8(a, _mm512_or_si512(_mm512_loadu_si512(w), _mm512_set1_epi8(-128)));
  }
  TERN_TARGET static inline void load(const f8* w, __m512 (&to)[2]) {
    const __m512i h = _mm512_and_si512(_mm512_slli_epi16(_mm512_cvtepi8_epi16(load_256(w)), 7),
                                       _mm512_set1_epi16(static_cast<short>(0xbf80)));
    to[0] = _mm512_cvtph_ps(_mm512_castsi512_si256(h));
    to[1] = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(h, 1));
  }
};

struct E5m2Twice {
  TERN_TARGET static inline void load(const f8* w, __m512 (&to)[2]) {
    const __m512i h = _mm512_slli_epi16(_mm512_cvtepu8_epi16(load_256(w)), 8);
    to[0] = _mm512_cvtph_ps(_mm512_castsi512_si256(h));
    to[1] = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(h, 1));
  }
};

#include "kernels/dense/f8_alone.h"

}  // namespace

void matmul_f32_avx512bw(const DenseView<float>& w, const float* x, std::size_t ldx,
                         std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply<F32>(w, x, ldx, tokens, y, ldy);
}

void matmul_f16_avx512bw(const DenseView<f16>& w, const float* x, std::size_t ldx,
                         std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply<F16>(w, x, ldx, tokens, y, ldy);
}

void matmul_bf16_avx512bw(const DenseView<bf16>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply<Bf16>(w, x, ldx, tokens, y, ldy);
}

void matmul_e4m3_avx512bw(const DenseView<f8>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply_e4m3(w, x, ldx, tokens, y, ldy);
}

void matmul_e5m2_avx512bw(const DenseView<f8>& w, const float* x, std::size_t ldx,
                          std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply_e5m2(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
