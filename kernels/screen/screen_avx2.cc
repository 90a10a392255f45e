// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/screen/screen_isa.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

#include "kernels/screen/screen_pack.h"

TERN_TARGET inline __m256i load_256(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

// Of q and of q2, pairs of products as int16: code + 16 <= 31, so four of them stay within 31,744.
struct Sums {
  __m256i first, second;
};

TERN_TARGET inline Sums zeros() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }

TERN_TARGET inline __m256i added(__m256i sum, __m256i codes, __m256i q) {
  return _mm256_add_epi16(sum, _mm256_maddubs_epi16(codes, q));
}

TERN_TARGET inline __m256i four(const std::int8_t* x) {
  std::int32_t word;
  std::memcpy(&word, x, sizeof word);
  return _mm256_set1_epi32(word);
}

// Low and high nibbles, whose fifth bits lie at bits 4 and 5 of `fifth`, times four activations
// each, from `at` on.
TERN_TARGET inline void codes(Sums& sums, __m256i v, __m256i fifth, const ScreenInput& x,
                              std::size_t at) {
  const __m256i nibble = _mm256_set1_epi8(15), bit = _mm256_set1_epi8(16);
  const __m256i low = _mm256_or_si256(_mm256_and_si256(v, nibble), _mm256_and_si256(fifth, bit));
  const __m256i high = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(v, 4), nibble),
                                       _mm256_and_si256(_mm256_srli_epi16(fifth, 1), bit));
  sums.first = added(sums.first, low, four(x.q.low.data() + at));
  sums.first = added(sums.first, high, four(x.q.high.data() + at));
  sums.second = added(sums.second, low, four(x.q2.low.data() + at));
  sums.second = added(sums.second, high, four(x.q2.high.data() + at));
}

// 256 q + q2.
TERN_TARGET inline __m256i whole(const Sums& sums) {
  const __m256i one = _mm256_set1_epi16(1);
  return _mm256_add_epi32(_mm256_slli_epi32(_mm256_madd_epi16(sums.first, one), 8),
                          _mm256_madd_epi16(sums.second, one));
}

// Eight bytes as floats.
TERN_TARGET inline __m256 bytes(__m128i c) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(c)); }

TERN_TARGET void panels(const Screen& screen, const ScreenInput& x, std::size_t begin,
                        std::size_t end, float* estimates, float* bounds) {
  const ScreenLayout& layout = screen.layout;
  const std::size_t groups = layout.groups();
  const bool ask = asks_ahead();
  for (std::size_t p = begin; p < end; ++p) {
    const std::uint8_t* at = screen.coarse + p * layout.panel_bytes();
    const auto* norms = reinterpret_cast<const float*>(at + layout.norms_at());
    __m256 total[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (std::size_t g = 0; g < groups; ++g, at += kScreenGroupBytes) {
      if (ask)
        for (std::size_t line = 0; line < kScreenGroupBytes; line += kLineBytes)
          prefetch_stream(at + line);
      const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + kScreenScalesAt));
      const __m256 scale = _mm256_set1_ps(x.scales[g]);
      const __m256i excess = _mm256_set1_epi32(x.excess[g]);
      for (std::size_t half = 0; half < 2; ++half) {
        const std::uint8_t* v = at + 32 * half;
        const __m256i fifth = load_256(v + kScreenFifthAt);
        Sums sums[2] = {zeros(), zeros()};
        codes(sums[0], load_256(v), _mm256_slli_epi16(fifth, 4), x, 16 * g);
        codes(sums[0], load_256(v + 64), _mm256_slli_epi16(fifth, 2), x, 16 * g + 4);
        codes(sums[1], load_256(v + 128), fifth, x, 16 * g + 8);
        codes(sums[1], load_256(v + 192), _mm256_srli_epi16(fifth, 2), x, 16 * g + 12);
        const __m256i sum =
            _mm256_add_epi32(excess, _mm256_add_epi32(whole(sums[0]), whole(sums[1])));
        const __m256 own = bytes(half == 0 ? c : _mm_srli_si128(c, 8));
        total[half] =
            _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(own, scale), total[half]);
      }
    }
    for (std::size_t half = 0; half < 2; ++half) {
      const float* own = norms + 8 * half;
      const __m256 estimate = _mm256_mul_ps(total[half], _mm256_loadu_ps(own));
      __m256 bound = _mm256_add_ps(estimate, _mm256_set1_ps(kUnderflow));
      bound =
          _mm256_fmadd_ps(_mm256_loadu_ps(own + kScreenRows), _mm256_set1_ps(x.per_weight), bound);
      bound = _mm256_fmadd_ps(_mm256_loadu_ps(own + 2 * kScreenRows), _mm256_set1_ps(x.per_error),
                              bound);
      _mm256_storeu_ps(estimates + p * kScreenRows + 8 * half, estimate);
      _mm256_storeu_ps(bounds + p * kScreenRows + 8 * half, bound);
    }
  }
}

void coarse(const Screen& screen, const ScreenInput& x, std::size_t begin, std::size_t end,
            float* estimates, float* bounds) noexcept {
  panels(screen, x, begin, end, estimates, bounds);
}

TERN_TARGET float fine_row(const std::uint8_t* row, const ScreenLayout& layout,
                           const ScreenInput& x) {
  const std::uint8_t* scales = row + layout.fine_scales_at();
  const __m256i mask = _mm256_set1_epi8(3);
  __m256 total = _mm256_setzero_ps();
  for (std::size_t lane = 0; lane < layout.cols / kScreenLane; lane += 8) {
    Sums sums = zeros();
    __m256i v = load_256(row + 4 * lane);
    for (std::size_t s = 0; s < 4; ++s, v = _mm256_srli_epi16(v, 2)) {
      const __m256i codes = _mm256_and_si256(v, mask);
      sums.first = added(sums.first, codes, load_256(x.q.quarter[s].data() + 4 * lane));
      sums.second = added(sums.second, codes, load_256(x.q2.quarter[s].data() + 4 * lane));
    }
    const __m256i sum =
        _mm256_add_epi32(_mm256_slli_epi32(whole(sums), 1), load_256(x.lane_excess.data() + lane));
    std::int32_t four_scales;
    std::memcpy(&four_scales, scales + lane / 2, sizeof four_scales);
    const __m128i own = _mm_cvtsi32_si128(four_scales);
    const __m256 c = bytes(_mm_unpacklo_epi8(own, own));  // of two lanes each
    total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                            _mm256_mul_ps(c, _mm256_loadu_ps(x.lane_scales.data() + lane)), total);
  }
  float lanes[8];
  _mm256_storeu_ps(lanes, total);
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

#include "kernels/screen/screen_rows.h"

}  // namespace

const ScreenFns screen_avx2 = {pack, coarse, fine};

}  // namespace tern::kernels
