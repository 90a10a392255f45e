// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/attention_isa.h"
#include "kernels/f16.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

struct Pair {
  __m256 low, high;
};

struct Ops {
  using Reg = Pair;
  static constexpr std::size_t kRows = 4, kWide = 1;  // 8 accumulators of 16 registers

  TERN_TARGET static inline Reg zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  TERN_TARGET static inline Reg fill(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  TERN_TARGET static inline Reg load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  TERN_TARGET static inline Reg load_f16(const f16* p) {
    return {_mm256_cvtph_ps(load_128(p)), _mm256_cvtph_ps(load_128(p + 8))};
  }
  TERN_TARGET static inline Reg load_i8(const std::int8_t* p) {
    const __m128i bytes = load_128(p);
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)))};
  }
  TERN_TARGET static inline void store(float* p, Reg a) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
  }
  TERN_TARGET static inline Reg fma(Reg a, Reg b, Reg c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  TERN_TARGET static inline Reg mul(Reg a, Reg b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  TERN_TARGET static inline Reg add(Reg a, Reg b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  // As integers, in which NaN is more than infinity.
  TERN_TARGET static inline Reg abs_max(Reg a, Reg b) {
    return {most(a.low, b.low), most(a.high, b.high)};
  }
  TERN_TARGET static inline float largest(Reg a) {
    float lanes[8];
    _mm256_storeu_ps(lanes, most(a.low, a.high));
    std::int32_t bits[8];
    std::memcpy(bits, lanes, sizeof bits);
    const std::int32_t all = *std::max_element(bits, bits + 8);
    float result;
    std::memcpy(&result, &all, sizeof result);
    return result;
  }
  TERN_TARGET static inline void put_f16(f16* p, Reg a) {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.low, kNearest));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(a.high, kNearest));
  }
  TERN_TARGET static inline void put_i8(std::int8_t* p, Reg a) {
    std::int32_t words[16];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), _mm256_cvtps_epi32(a.low));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + 8), _mm256_cvtps_epi32(a.high));
    for (int i = 0; i < 16; ++i) p[i] = static_cast<std::int8_t>(std::clamp(words[i], -128, 127));
  }

 private:
  template <typename E>
  TERN_TARGET static inline __m128i load_128(const E* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  TERN_TARGET static inline __m256 most(__m256 a, __m256 b) {
    const __m256i mask = _mm256_set1_epi32(0x7FFFFFFF);
    return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_and_si256(_mm256_castps_si256(a), mask),
                                                _mm256_and_si256(_mm256_castps_si256(b), mask)));
  }
};

#include "kernels/attention/attention_tile.h"

}  // namespace

const AttentionFns attention_avx2 = {append, scores, average};

}  // namespace tern::kernels
