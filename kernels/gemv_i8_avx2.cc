// SPDX-License-Identifier: Apache-2.0
//
// AVX2: 32 weights of a row per step. Both operands are widened to 16 bits, because vpmaddubsw
// saturates at 2 * 128 * 128; vpmaddwd then sums pairs exactly in 32 bits.

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kStep = 32;  // weights per row and step

TERN_TARGET_AVX2 inline __m256i sixteen(const std::int8_t* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

template <std::size_t R>
TERN_TARGET_AVX2 void rows(const std::int8_t* w, std::size_t cols, const std::int8_t* x,
                           std::int32_t* y) {
  __m256i sums[R];
  for (std::size_t r = 0; r < R; ++r) sums[r] = _mm256_setzero_si256();

  std::size_t k = 0;
  for (; k + kStep <= cols; k += kStep) {
    const __m256i x_low = sixteen(x + k), x_high = sixteen(x + k + 16);
    for (std::size_t r = 0; r < R; ++r) {
      const std::int8_t* at = w + r * cols + k;
      const __m256i pairs = _mm256_add_epi32(_mm256_madd_epi16(sixteen(at), x_low),
                                             _mm256_madd_epi16(sixteen(at + 16), x_high));
      sums[r] = _mm256_add_epi32(sums[r], pairs);
    }
  }
  store_sums<R>(sums, 0, y);
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t i = k; i < cols; ++i) y[r] += w[r * cols + i] * x[i];
}

}  // namespace

void gemv_i8_avx2(const I8View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  for_rows(w.rows, w.rows * w.cols, w.cols,
           [&]<std::size_t R>(std::size_t r) { rows<R>(w.data + r * w.cols, w.cols, x, y + r); });
}

}  // namespace tern::kernels
