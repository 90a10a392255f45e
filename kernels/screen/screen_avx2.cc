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

// Pairs of products as int16: |code + 8| <= 15, so the eight of a group stay below 30,480.
TERN_TARGET inline __m256i nibbles(__m256i sum, __m256i v, __m256i low, __m256i high) {
  const __m256i mask = _mm256_set1_epi8(15);
  sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(_mm256_and_si256(v, mask), low));
  return _mm256_add_epi16(
      sum, _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(v, 4), mask), high));
}

TERN_TARGET inline __m256i pairs(__m256i sum) {
  return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

TERN_TARGET inline __m256i four(const std::int8_t* x) {
  std::int32_t word;
  std::memcpy(&word, x, sizeof word);
  return _mm256_set1_epi32(word);
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
    for (std::size_t g = 0; g < groups; ++g, at += 256 + kScreenRows) {
      if (ask)
        for (std::size_t line = 0; line < 5; ++line) prefetch_stream(at + line * kLineBytes);
      __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
      for (std::size_t i = 0; i < 4; ++i) {
        const __m256i low = four(x.low.data() + 16 * g + 4 * i);
        const __m256i high = four(x.high.data() + 16 * g + 4 * i);
        for (std::size_t half = 0; half < 2; ++half)
          sums[half] = nibbles(sums[half], load_256(at + 64 * i + 32 * half), low, high);
      }
      const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 256));
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i sum = _mm256_add_epi32(pairs(sums[half]), _mm256_set1_epi32(x.excess[g]));
        const __m256 own = bytes(half == 0 ? c : _mm_srli_si128(c, 8));
        total[half] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                                      _mm256_mul_ps(own, _mm256_set1_ps(x.scales[g])), total[half]);
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

TERN_TARGET float fine_row(const std::uint8_t* row, std::size_t groups, const ScreenInput& x) {
  const __m128i spread = _mm_set_epi8(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
  __m256 total = _mm256_setzero_ps();
  for (std::size_t g = 0; g < groups; g += 4) {
    std::int32_t four_c;
    std::memcpy(&four_c, row + 16 * groups + g, sizeof four_c);
    const __m128i c = _mm_shuffle_epi8(_mm_cvtsi32_si128(four_c), spread);
    for (std::size_t half = 0; half < 2; ++half) {
      const std::size_t at = 16 * g + 32 * half, lane = at / 4;
      const __m256i sum = _mm256_add_epi32(
          pairs(nibbles(_mm256_setzero_si256(), load_256(row + at), load_256(x.low.data() + at),
                        load_256(x.high.data() + at))),
          load_256(x.lane_excess.data() + lane));
      const __m256 own = bytes(half == 0 ? c : _mm_srli_si128(c, 8));
      total =
          _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                          _mm256_mul_ps(own, _mm256_loadu_ps(x.lane_scales.data() + lane)), total);
    }
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
