// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/screen/screen_isa.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX512VNNI

namespace tern::kernels {
namespace {

#include "kernels/screen/screen_pack.h"

// Low and high nibbles times four activations each.
TERN_TARGET inline __m512i nibbles(__m512i sum, __m512i v, __m512i low, __m512i high) {
  const __m512i mask = _mm512_set1_epi8(15);
  sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(v, mask), low);
  return _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi16(v, 4), mask), high);
}

TERN_TARGET inline __m512i four(const std::int8_t* x) {
  std::int32_t word;
  std::memcpy(&word, x, sizeof word);
  return _mm512_set1_epi32(word);
}

template <bool kAhead>
TERN_TARGET void panels(const Screen& screen, const ScreenInput& x, std::size_t begin,
                        std::size_t end, float* estimates, float* bounds) {
  const ScreenLayout& layout = screen.layout;
  const std::size_t groups = layout.groups();
  for (std::size_t p = begin; p < end; ++p) {
    const std::uint8_t* at = screen.coarse + p * layout.panel_bytes();
    const auto* norms = reinterpret_cast<const float*>(at + layout.norms_at());
    __m512 total = _mm512_setzero_ps();
    for (std::size_t g = 0; g < groups; ++g, at += 256 + kScreenRows) {
      if constexpr (kAhead)
        for (std::size_t line = 0; line < 5; ++line) prefetch_stream(at + line * kLineBytes);
      __m512i even = _mm512_set1_epi32(x.excess[g]), odd = _mm512_setzero_si512();
      for (std::size_t i = 0; i < 4; ++i) {
        __m512i& sum = i % 2 == 0 ? even : odd;
        sum = nibbles(sum, _mm512_loadu_si512(at + 64 * i), four(x.low.data() + 16 * g + 4 * i),
                      four(x.high.data() + 16 * g + 4 * i));
      }
      const __m512 c = _mm512_cvtepi32_ps(
          _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 256))));
      total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(even, odd)),
                              _mm512_mul_ps(c, _mm512_set1_ps(x.scales[g])), total);
    }
    const __m512 estimate = _mm512_mul_ps(total, _mm512_loadu_ps(norms));
    __m512 bound = _mm512_add_ps(estimate, _mm512_set1_ps(kUnderflow));
    bound =
        _mm512_fmadd_ps(_mm512_loadu_ps(norms + kScreenRows), _mm512_set1_ps(x.per_weight), bound);
    bound = _mm512_fmadd_ps(_mm512_loadu_ps(norms + 2 * kScreenRows), _mm512_set1_ps(x.per_error),
                            bound);
    _mm512_storeu_ps(estimates + p * kScreenRows, estimate);
    _mm512_storeu_ps(bounds + p * kScreenRows, bound);
  }
}

void coarse(const Screen& screen, const ScreenInput& x, std::size_t begin, std::size_t end,
            float* estimates, float* bounds) noexcept {
  asks_ahead() ? panels<true>(screen, x, begin, end, estimates, bounds)
               : panels<false>(screen, x, begin, end, estimates, bounds);
}

TERN_TARGET float fine_row(const std::uint8_t* row, std::size_t groups, const ScreenInput& x) {
  const __m128i spread = _mm_set_epi8(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  __m512 total = _mm512_setzero_ps();
  for (std::size_t g = 0; g < groups; g += 4) {
    const __m512i sum = nibbles(
        _mm512_loadu_si512(x.lane_excess.data() + 4 * g), _mm512_loadu_si512(row + 16 * g),
        _mm512_loadu_si512(x.low.data() + 16 * g), _mm512_loadu_si512(x.high.data() + 16 * g));
    std::int32_t four_c;
    std::memcpy(&four_c, row + 16 * groups + g, sizeof four_c);
    const __m512 c = _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_shuffle_epi8(_mm_cvtsi32_si128(four_c), spread)));
    total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum),
                            _mm512_mul_ps(c, _mm512_loadu_ps(x.lane_scales.data() + 4 * g)), total);
  }
  return _mm512_reduce_add_ps(total);
}

#include "kernels/screen/screen_rows.h"

}  // namespace

const ScreenFns screen_avx512vnni = {pack, coarse, fine};

}  // namespace tern::kernels
