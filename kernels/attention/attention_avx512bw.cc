// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/attention_isa.h"
#include "kernels/f16.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512BW

namespace tern::kernels {
namespace {

struct Ops {
  using Reg = __m512;
  static constexpr std::size_t kRows = 8, kWide = 2;

  TERN_TARGET static inline Reg zero() { return _mm512_setzero_ps(); }
  TERN_TARGET static inline Reg fill(float x) { return _mm512_set1_ps(x); }
  TERN_TARGET static inline Reg load(const float* p) { return _mm512_loadu_ps(p); }
  TERN_TARGET static inline Reg load_f16(const f16* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  TERN_TARGET static inline Reg load_i8(const std::int8_t* p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  TERN_TARGET static inline void store(float* p, Reg a) { _mm512_storeu_ps(p, a); }
  TERN_TARGET static inline Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  TERN_TARGET static inline Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  TERN_TARGET static inline Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  // As integers, in which NaN is more than infinity.
  TERN_TARGET static inline Reg abs_max(Reg a, Reg b) {
    return _mm512_castsi512_ps(_mm512_max_epi32(magnitude(a), magnitude(b)));
  }
  TERN_TARGET static inline float largest(Reg a) {
    return _mm512_cvtss_f32(
        _mm512_castsi512_ps(_mm512_set1_epi32(_mm512_reduce_max_epi32(_mm512_castps_si512(a)))));
  }
  TERN_TARGET static inline void put_f16(f16* p, Reg a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  TERN_TARGET static inline void put_i8(std::int8_t* p, Reg a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(a)));
  }

 private:
  TERN_TARGET static inline __m512i magnitude(Reg a) {
    return _mm512_and_si512(_mm512_castps_si512(a), _mm512_set1_epi32(0x7FFFFFFF));
  }
};

#include "kernels/attention/attention_tile.h"

}  // namespace

const AttentionFns attention_avx512bw = {append, scores, average};

}  // namespace tern::kernels
