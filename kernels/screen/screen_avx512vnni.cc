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

// Of q and of q2.
struct Sums {
  __m512i first, second;
};

TERN_TARGET inline __m512i four(const std::int8_t* x) {
  std::int32_t word;
  std::memcpy(&word, x, sizeof word);
  return _mm512_set1_epi32(word);
}

// Low and high nibbles times four activations each, from `at` on.
TERN_TARGET inline void nibbles(Sums& sums, __m512i v, const ScreenInput& x, std::size_t at) {
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i low = _mm512_and_si512(v, mask);
  const __m512i high = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
  sums.first = _mm512_dpbusd_epi32(sums.first, low, four(x.q.low.data() + at));
  sums.first = _mm512_dpbusd_epi32(sums.first, high, four(x.q.high.data() + at));
  sums.second = _mm512_dpbusd_epi32(sums.second, low, four(x.q2.low.data() + at));
  sums.second = _mm512_dpbusd_epi32(sums.second, high, four(x.q2.high.data() + at));
}

TERN_TARGET inline __m512 joined(const Sums& sums) {
  return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(sums.first, 8), sums.second));
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
    for (std::size_t g = 0; g < groups; ++g, at += kScreenGroupBytes) {
      if constexpr (kAhead)
        for (std::size_t line = 0; line < 3; ++line) prefetch_stream(at + line * kLineBytes);
      Sums sums{_mm512_setzero_si512(), _mm512_set1_epi32(x.excess[g])};
      for (std::size_t i = 0; i < 2; ++i)
        nibbles(sums, _mm512_loadu_si512(at + 64 * i), x, 8 * g + 4 * i);
      const __m512 c = _mm512_cvtepi32_ps(
          _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 128))));
      total = _mm512_fmadd_ps(joined(sums), _mm512_mul_ps(c, _mm512_set1_ps(x.scales[g])), total);
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

TERN_TARGET inline __m512i at_64(const void* p) { return _mm512_loadu_si512(p); }

TERN_TARGET float fine_row(const std::uint8_t* row, std::size_t groups, const ScreenInput& x) {
  const __m512i mask = _mm512_set1_epi8(3);
  __m512 total = _mm512_setzero_ps();
  for (std::size_t g = 0; g < groups; g += 16) {
    Sums sums{_mm512_setzero_si512(), _mm512_setzero_si512()};
    __m512i v = at_64(row + 4 * g);
    for (std::size_t s = 0; s < 4; ++s, v = _mm512_srli_epi16(v, 2)) {
      const __m512i codes = _mm512_and_si512(v, mask);
      sums.first = _mm512_dpbusd_epi32(sums.first, codes, at_64(x.q.quarter[s].data() + 4 * g));
      sums.second = _mm512_dpbusd_epi32(sums.second, codes, at_64(x.q2.quarter[s].data() + 4 * g));
    }
    const __m512i both = _mm512_add_epi32(_mm512_slli_epi32(sums.first, 8), sums.second);
    const __m512i sum =
        _mm512_add_epi32(_mm512_slli_epi32(both, 1), at_64(x.lane_excess.data() + g));
    const __m512 c = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 4 * groups + g))));
    total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum),
                            _mm512_mul_ps(c, _mm512_loadu_ps(x.lane_scales.data() + g)), total);
  }
  return _mm512_reduce_add_ps(total);
}

#include "kernels/screen/screen_rows.h"

}  // namespace

const ScreenFns screen_avx512vnni = {pack, coarse, fine};

}  // namespace tern::kernels
