// SPDX-License-Identifier: Apache-2.0
//
// AVX2: four rows at once. Both operands are widened to 16 bits, because vpmaddubsw saturates at
// 2 * 128 * 128; vpmaddwd then sums pairs exactly in 32 bits.

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kStep = 32;     // weights per row and step
constexpr std::size_t kAhead = 2048;  // bytes, per row

TERN_TARGET_AVX2 inline __m256i sixteen(const std::int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

template <std::size_t R>
TERN_TARGET_AVX2 void rows(const std::int8_t* w, std::size_t cols, const std::int8_t* x,
                           std::int32_t* y) {
  const PrefetchPlan plan(cols, R, kAhead);
  __m256i sums[R];
  for (std::size_t r = 0; r < R; ++r) sums[r] = _mm256_setzero_si256();

  std::size_t k = 0;
  for (; k + kStep <= cols; k += kStep) {
    const __m256i x_low = sixteen(x + k), x_high = sixteen(x + k + 16);
    const bool new_line = k % 64 == 0;
    const std::size_t distance = plan.distance(k);
    for (std::size_t r = 0; r < R; ++r) {
      const std::int8_t* at = w + r * cols + k;
      if (new_line) prefetch(at, distance);
      const __m256i pairs = _mm256_add_epi32(_mm256_madd_epi16(sixteen(at), x_low),
                                             _mm256_madd_epi16(sixteen(at + 16), x_high));
      sums[r] = _mm256_add_epi32(sums[r], pairs);
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    y[r] = sum_256(sums[r]);
    for (std::size_t i = k; i < cols; ++i) y[r] += w[r * cols + i] * x[i];
  }
}

}  // namespace

void gemv_i8_avx2(const I8View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  for_row_passes<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    rows<R>(w.data + r * w.cols, w.cols, x, y + r);
  });
}

}  // namespace tern::kernels
