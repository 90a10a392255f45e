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

TERN_TARGET inline __m512i at_64(const void* p) { return _mm512_loadu_si512(p); }

TERN_TARGET inline __m512i four(const std::int8_t* x) {
  std::int32_t word;
  std::memcpy(&word, x, sizeof word);
  return _mm512_set1_epi32(word);
}

// What the mask has from b, the rest from a.
TERN_TARGET inline __m512i merged(__m512i a, __m512i b, __m512i mask) {
  return _mm512_ternarylogic_epi32(mask, b, a, 0xCA);
}

// Low and high nibbles, whose fifth bits lie at bits 4 and 5 of `fifth`, times four activations
// each, from `at` on.
TERN_TARGET inline void codes(Sums& sums, __m512i v, __m512i fifth, const ScreenInput& x,
                              std::size_t at) {
  const __m512i nibble = _mm512_set1_epi8(15), code = _mm512_set1_epi8(31);
  const __m512i low = _mm512_and_si512(merged(fifth, v, nibble), code);
  const __m512i high =
      _mm512_and_si512(merged(_mm512_srli_epi16(fifth, 1), _mm512_srli_epi16(v, 4), nibble), code);
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
        for (std::size_t line = 0; line < kScreenGroupBytes; line += kLineBytes)
          prefetch_stream(at + line);
      Sums sums{_mm512_setzero_si512(), _mm512_set1_epi32(x.excess[g])};
      const __m512i fifth = at_64(at + kScreenFifthAt);
      codes(sums, at_64(at), _mm512_slli_epi16(fifth, 4), x, 16 * g);
      codes(sums, at_64(at + 64), _mm512_slli_epi16(fifth, 2), x, 16 * g + 4);
      codes(sums, at_64(at + 128), fifth, x, 16 * g + 8);
      codes(sums, at_64(at + 192), _mm512_srli_epi16(fifth, 2), x, 16 * g + 12);
      const __m512 c = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + kScreenScalesAt))));
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

TERN_TARGET float fine_row(const std::uint8_t* row, const ScreenLayout& layout,
                           const ScreenInput& x) {
  const std::uint8_t* scales = row + layout.fine_scales_at();
  const __m512i mask = _mm512_set1_epi8(3);
  __m512 total = _mm512_setzero_ps();
  for (std::size_t lane = 0; lane < layout.cols / kScreenLane; lane += 16) {
    Sums sums{_mm512_setzero_si512(), _mm512_setzero_si512()};
    __m512i v = at_64(row + 4 * lane);
    for (std::size_t s = 0; s < 4; ++s, v = _mm512_srli_epi16(v, 2)) {
      const __m512i codes = _mm512_and_si512(v, mask);
      sums.first = _mm512_dpbusd_epi32(sums.first, codes, at_64(x.q.quarter[s].data() + 4 * lane));
      sums.second =
          _mm512_dpbusd_epi32(sums.second, codes, at_64(x.q2.quarter[s].data() + 4 * lane));
    }
    const __m512i both = _mm512_add_epi32(_mm512_slli_epi32(sums.first, 8), sums.second);
    const __m512i sum =
        _mm512_add_epi32(_mm512_slli_epi32(both, 1), at_64(x.lane_excess.data() + lane));
    const __m128i own = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales + lane / 2));
    const __m512 c =
        _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_unpacklo_epi8(own, own)));  // of two lanes each
    total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum),
                            _mm512_mul_ps(c, _mm512_loadu_ps(x.lane_scales.data() + lane)), total);
  }
  return _mm512_reduce_add_ps(total);
}

#include "kernels/screen/screen_rows.h"

}  // namespace

const ScreenFns screen_avx512vnni = {pack, coarse, fine};

}  // namespace tern::kernels
