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

// Of q and of q2, pairs of products as int16: |code + 8| <= 15, so the four of a group stay within
// 15,360.
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

// Low and high nibbles times four activations each, from `at` on.
TERN_TARGET inline void nibbles(Sums& sums, __m256i v, const ScreenInput& x, std::size_t at) {
  const __m256i mask = _mm256_set1_epi8(15);
  const __m256i low = _mm256_and_si256(v, mask);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
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

TERN_TARGET inline __m256 joined(const Sums& sums, __m256i excess) {
  return _mm256_cvtepi32_ps(_mm256_add_epi32(whole(sums), excess));
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
        for (std::size_t line = 0; line < 3; ++line) prefetch_stream(at + line * kLineBytes);
      Sums sums[2] = {zeros(), zeros()};
      for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t half = 0; half < 2; ++half)
          nibbles(sums[half], load_256(at + 64 * i + 32 * half), x, 8 * g + 4 * i);
      const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 128));
      const __m256 scale = _mm256_set1_ps(x.scales[g]);
      const __m256i excess = _mm256_set1_epi32(x.excess[g]);
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256 own = bytes(half == 0 ? c : _mm_srli_si128(c, 8));
        total[half] =
            _mm256_fmadd_ps(joined(sums[half], excess), _mm256_mul_ps(own, scale), total[half]);
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
  const __m256i mask = _mm256_set1_epi8(3);
  __m256 total = _mm256_setzero_ps();
  for (std::size_t g = 0; g < groups; g += 8) {
    Sums sums = zeros();
    __m256i v = load_256(row + 4 * g);
    for (std::size_t s = 0; s < 4; ++s, v = _mm256_srli_epi16(v, 2)) {
      const __m256i codes = _mm256_and_si256(v, mask);
      sums.first = added(sums.first, codes, load_256(x.q.quarter[s].data() + 4 * g));
      sums.second = added(sums.second, codes, load_256(x.q2.quarter[s].data() + 4 * g));
    }
    const __m256i sum =
        _mm256_add_epi32(_mm256_slli_epi32(whole(sums), 1), load_256(x.lane_excess.data() + g));
    const __m256 c = bytes(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + 4 * groups + g)));
    total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                            _mm256_mul_ps(c, _mm256_loadu_ps(x.lane_scales.data() + g)), total);
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
