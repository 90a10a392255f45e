// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: 64 weights of a row per step. vpdpbusd wants one unsigned operand, so weights
// become w + 128 by flipping their top bit, and 128 * sum(x) is taken off once per row. Before that
// a sum reaches at most 255 * 128 * kMaxCols < 2^31.

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kStep = 64;  // weights per row and step

// Lanes past the columns load as 0 and are never touched in memory.
TERN_TARGET_AVX512VNNI inline __mmask64 first_lanes(std::size_t n) {
  return n < 64 ? (std::uint64_t{1} << n) - 1 : ~std::uint64_t{0};
}

TERN_TARGET_AVX512VNNI std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t k = 0; k < cols; k += kStep)
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1),
                              _mm512_maskz_loadu_epi8(first_lanes(cols - k), x + k));
  return _mm512_reduce_add_epi32(sum);
}

TERN_TARGET_AVX512VNNI inline __m512i add_128(__m512i w) {
  return _mm512_xor_si512(w, _mm512_set1_epi8(-128));
}

template <std::size_t R>
TERN_TARGET_AVX512VNNI void rows(const std::int8_t* w, std::size_t cols, const std::int8_t* x,
                                 std::int32_t offset, std::int32_t* y) {
  __m512i sums[R];
  for (std::size_t r = 0; r < R; ++r) sums[r] = _mm512_setzero_si512();

  std::size_t k = 0;
  for (; k + kStep <= cols; k += kStep) {
    const __m512i xs = _mm512_loadu_si512(x + k);
    for (std::size_t r = 0; r < R; ++r) {
      const std::int8_t* at = w + r * cols + k;
      sums[r] = _mm512_dpbusd_epi32(sums[r], add_128(_mm512_loadu_si512(at)), xs);
    }
  }
  if (k < cols) {
    const __mmask64 mask = first_lanes(cols - k);
    const __m512i xs = _mm512_maskz_loadu_epi8(mask, x + k);  // 0 meets the junk weight 128
    for (std::size_t r = 0; r < R; ++r)
      sums[r] = _mm512_dpbusd_epi32(sums[r],
                                    add_128(_mm512_maskz_loadu_epi8(mask, w + r * cols + k)), xs);
  }
  store_sums<R>(sums, offset, y);
}

}  // namespace

void gemv_i8_avx512vnni(const I8View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const std::int32_t offset = 128 * sum_of(x, w.cols);  // |offset| <= 2^30
  for_rows(w.rows, w.rows * w.cols, w.cols, [&]<std::size_t R>(std::size_t r) {
    rows<R>(w.data + r * w.cols, w.cols, x, offset, y + r);
  });
}

}  // namespace tern::kernels
