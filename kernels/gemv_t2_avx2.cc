// SPDX-License-Identifier: Apache-2.0
//
// AVX2: four rows at once, 128 trits of each per step. vpmaddubsw multiplies the unsigned codes
// w + 1 with the activations, and sum(x) is taken off once per row. Each pass
// prefetches the next pass's rows in address order, the order in which memory is fastest.

#include <algorithm>

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

// One vpmaddubsw lies in 2 * [-256, 254], so 64 of them, four per block, fill an int16 lane to
// [-32768, 32512] and no further: sums are widened after 16 blocks.
constexpr std::size_t kBlocksPerWidening = 16;

TERN_TARGET_AVX2 inline __m256i group(const std::int8_t* x) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
}

TERN_TARGET_AVX2 inline __m256i block_sums(__m256i codes, const __m256i x[4]) {
  const __m256i low_bits = _mm256_set1_epi8(0b11);
  const __m256i c0 = _mm256_and_si256(_mm256_srli_epi16(codes, 6), low_bits);
  const __m256i c1 = _mm256_and_si256(_mm256_srli_epi16(codes, 4), low_bits);
  const __m256i c2 = _mm256_and_si256(_mm256_srli_epi16(codes, 2), low_bits);
  const __m256i c3 = _mm256_and_si256(codes, low_bits);
  return _mm256_add_epi16(
      _mm256_add_epi16(_mm256_maddubs_epi16(c0, x[0]), _mm256_maddubs_epi16(c1, x[1])),
      _mm256_add_epi16(_mm256_maddubs_epi16(c2, x[2]), _mm256_maddubs_epi16(c3, x[3])));
}

TERN_TARGET_AVX2 inline __m256i widen(__m256i sums16) {
  return _mm256_madd_epi16(sums16, _mm256_set1_epi16(1));
}

TERN_TARGET_AVX2 std::int32_t sum_of(const std::int8_t* x, std::size_t blocks) {
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t k = 0; k < blocks * kT2BlockTrits; k += 32)
    sum = _mm256_add_epi32(sum, widen(_mm256_maddubs_epi16(_mm256_set1_epi8(1), group(x + k))));
  return sum_256(sum);
}

template <std::size_t R>
TERN_TARGET_AVX2 void rows(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                           std::int32_t sum_x, std::int32_t* y) {
  const std::size_t row_bytes = blocks * kT2BlockBytes;
  __m256i sums[R];
  for (std::size_t r = 0; r < R; ++r) sums[r] = _mm256_setzero_si256();

  for (std::size_t b = 0; b < blocks;) {
    const std::size_t end = std::min(blocks, b + kBlocksPerWidening);
    __m256i sums16[R];
    for (std::size_t r = 0; r < R; ++r) sums16[r] = _mm256_setzero_si256();
    for (; b < end; ++b) {
      const std::int8_t* xb = x + b * kT2BlockTrits;
      const __m256i xs[4] = {group(xb), group(xb + 32), group(xb + 64), group(xb + 96)};
      const bool new_line = b % 2 == 0;
      for (std::size_t r = 0; r < R; ++r) {
        const std::uint8_t* at = w + r * row_bytes + b * kT2BlockBytes;
        if (new_line) prefetch(w + R * b * kT2BlockBytes + 64 * r, R * row_bytes);
        const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        sums16[r] = _mm256_add_epi16(sums16[r], block_sums(codes, xs));
      }
    }
    for (std::size_t r = 0; r < R; ++r) sums[r] = _mm256_add_epi32(sums[r], widen(sums16[r]));
  }

  store_sums<R>(sums, sum_x, y);
}

}  // namespace

void gemv_t2_avx2(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const std::int32_t sum_x = sum_of(x, w.blocks_per_row);
  for_row_passes<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    rows<R>(w.data + r * w.row_bytes(), w.blocks_per_row, x, sum_x, y + r);
  });
}

}  // namespace tern::kernels
