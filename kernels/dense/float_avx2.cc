// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA, F16C: the 16 accumulators of dense.h are two registers.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

struct Lanes {
  using Reg = __m256;
  static constexpr std::size_t kParts = 2, kRows = 2, kTokens = 3;  // 12 of 16 registers

  TERN_TARGET static inline Reg zero() { return _mm256_setzero_ps(); }
  TERN_TARGET static inline Reg load(const float* p) { return _mm256_loadu_ps(p); }
  TERN_TARGET static inline void store(float* p, Reg a) { _mm256_storeu_ps(p, a); }
  TERN_TARGET static inline Reg fma(Reg w, Reg x, Reg a) { return _mm256_fmadd_ps(w, x, a); }

  template <std::size_t R>
  TERN_TARGET static inline void fold(const Reg (&a)[R][2], float* y) {
#pragma GCC unroll 2
    for (std::size_t r = 0; r < R; ++r) {
      const __m256 by8 = _mm256_add_ps(a[r][0], a[r][1]);
      const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
      const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
      y[r] = _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
    }
  }
};

TERN_TARGET inline __m128i load_128(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
TERN_TARGET inline __m128i load_64(const void* p) {
  return _mm_loadl_epi64(static_cast<const __m128i*>(p));
}
TERN_TARGET inline void store_128(void* p, __m128i v) {
  _mm_storeu_si128(static_cast<__m128i*>(p), v);
}

struct F32 {
  using W = float;
  static constexpr W kNegativeZero = -0.0f;
  static constexpr bool kNarrowsX = false;
  TERN_TARGET static inline __m256 load(const W* w) {
    __m256 loaded = _mm256_loadu_ps(w);
    // Else gcc 12 loads an activation once per product that takes it.
    asm("" : "+x"(loaded));
    return loaded;
  }
};

struct F16 {
  using W = f16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  TERN_TARGET static inline __m256 load(const W* w) { return _mm256_cvtph_ps(load_128(w)); }
  TERN_TARGET static inline void narrow(__m256 x, W* to) {
    store_128(to, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
};

struct Bf16 {
  using W = bf16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  TERN_TARGET static inline __m256 load(const W* w) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_128(w)), 16));
  }
  TERN_TARGET static inline void narrow(__m256 x, W* to) {
    const __m256i upper = _mm256_srli_epi32(_mm256_castps_si256(x), 16);
    store_128(to,
              _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1)));
  }
};

struct E5m2 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  TERN_TARGET static inline __m256 load(const W* w) {
    return _mm256_cvtph_ps(_mm_unpacklo_epi8(_mm_setzero_si128(), load_64(w)));
  }
};

struct E4m3 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  // Sign to bit 15, the rest to bits [13:7]: the binary16 of 2^-8 times the weight.
  TERN_TARGET static inline __m256 load(const W* w) {
    const __m128i h = _mm_and_si128(_mm_slli_epi16(_mm_cvtepi8_epi16(load_64(w)), 7),
                                    _mm_set1_epi16(static_cast<short>(0xbf80)));
    const __m128i magnitude = _mm_and_si128(h, _mm_set1_epi16(0x3f80));
    const __m128i is_nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x3f80));
    return _mm256_mul_ps(_mm256_cvtph_ps(_mm_or_si128(h, is_nan)), _mm256_set1_ps(256.0f));
  }
};

#include "kernels/dense/float_product.h"

TERN_TARGET [[gnu::always_inline]] inline void widen_in_memory(const __m256i (&h)[2],
                                                               __m256 (&to)[4]) {
  alignas(32) __m256i halves[2] = {h[0], h[1]};
  asm volatile("" : "+m"(halves));
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i)
    to[i] = _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(halves) + i));
}

struct E4m3Twice {
  using Bytes = __m256i;
  TERN_TARGET static inline Bytes no_bytes() { return _mm256_setzero_si256(); }
  TERN_TARGET static inline bool any_is_ones(Bytes a) {
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(a, _mm256_set1_epi8(-1))) != 0;
  }
  TERN_TARGET static inline Bytes largest(Bytes a, const f8* w) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    return _mm256_max_epu8(a, _mm256_or_si256(bytes, _mm256_set1_epi8(-128)));
  }
  TERN_TARGET static inline void load(const f8* w, __m256 (&to)[4]) {
    __m256i h[2];
#pragma GCC unroll 2
    for (std::size_t i = 0; i < 2; ++i)
      h[i] = _mm256_and_si256(_mm256_slli_epi16(_mm256_cvtepi8_epi16(load_128(w + 16 * i)), 7),
                              _mm256_set1_epi16(static_cast<short>(0xbf80)));
    widen_in_memory(h, to);
  }
};

struct E5m2Twice {
  TERN_TARGET static inline void load(const f8* w, __m256 (&to)[4]) {
    __m256i h[2];
#pragma GCC unroll 2
    for (std::size_t i = 0; i < 2; ++i)
      h[i] = _mm256_slli_epi16(_mm256_cvtepu8_epi16(load_128(w + 16 * i)), 8);
    widen_in_memory(h, to);
  }
};

#include "kernels/dense/f8_alone.h"

}  // namespace

void matmul_f32_avx2(const DenseView<float>& w, const float* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) noexcept {
  multiply<F32>(w, x, ldx, tokens, y, ldy);
}

void matmul_f16_avx2(const DenseView<f16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) noexcept {
  multiply<F16>(w, x, ldx, tokens, y, ldy);
}

void matmul_bf16_avx2(const DenseView<bf16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply<Bf16>(w, x, ldx, tokens, y, ldy);
}

void matmul_e4m3_avx2(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply_e4m3(w, x, ldx, tokens, y, ldy);
}

void matmul_e5m2_avx2(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply_e5m2(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
