// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 BF16: vdpbf16ps multiplies pairs of columns, 32 weights of a row per step, with
// roundings of its own (dense.h).

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512BF16

namespace tern::kernels {
namespace {

struct Bf16Ops {
  using W = bf16;
  using X = bf16;
  using Y = float;
  using Vec = __m512;
  using WVec = __m512i;
  using XVec = __m512i;
  using Wide = Bf16Ops;  // many tokens meet a copy whose rows are aligned and apart
  static constexpr std::size_t kParts = 1, kStep = 32, kRows = 4, kTokens = 6, kRowsAlone = 1;
  static constexpr std::size_t kAheadAlone = 0;
  static constexpr X kIdleX = 0;

  TERN_TARGET static inline WVec load_w(const W* w) { return _mm512_loadu_si512(w); }
  TERN_TARGET static inline XVec load_x(const X* x) { return _mm512_loadu_si512(x); }
  TERN_TARGET static inline void put(W* to, WVec w) { _mm512_storeu_si512(to, w); }
  TERN_TARGET static inline Vec zero() { return _mm512_setzero_ps(); }
  TERN_TARGET static inline Vec mac(Vec a, WVec w, XVec x) {
    return _mm512_dpbf16_ps(a, (__m512bh)w, (__m512bh)x);
  }
  template <std::size_t R>
  TERN_TARGET static inline void store(const Vec (&a)[R][1], float* y, std::int32_t) {
    for (std::size_t r = 0; r < R; ++r) {
      const __m256 by8 =
          _mm256_add_ps(_mm512_castps512_ps256(a[r][0]), _mm512_extractf32x8_ps(a[r][0], 1));
      const __m128 by4 = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1));
      const __m128 by2 = _mm_add_ps(by4, _mm_movehl_ps(by4, by4));
      y[r] = _mm_cvtss_f32(_mm_add_ss(by2, _mm_movehdup_ps(by2)));
    }
  }
  TERN_TARGET static void pack(const float* x, std::size_t cols, X* to) {
    std::size_t k = 0;
    for (; k + 16 <= cols; k += 16)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + k),
                          _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_loadu_si512(x + k), 16)));
    for (; k < cols; ++k) to[k] = f32_to_bf16(x[k]);
    std::fill(to + cols, to + (cols + kStep - 1) / kStep * kStep, kIdleX);
  }
};

#include "kernels/dense/tile.h"

}  // namespace

void matmul_bf16_avx512bf16(const DenseView<bf16>& w, const float* x, std::size_t ldx,
                            std::size_t tokens, float* y, std::size_t ldy) noexcept {
  thread_local Scratch packed;
  if (tokens == 0 || w.rows == 0) return;
  const bf16* xs = pack_tokens<Bf16Ops>(packed, x, ldx, tokens, w.cols);
  if (tokens <= Bf16Ops::kTokens)
    multiply_few<Bf16Ops>(w, xs, packed_stride<bf16>(w.cols), tokens, nullptr, y, ldy);
  else
    multiply_many<Bf16Ops>(w, xs, tokens, nullptr, y, ldy);
}

}  // namespace tern::kernels
