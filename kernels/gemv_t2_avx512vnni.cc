// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: four rows at once, 256 trits of each per step. vpdpbusd multiplies the unsigned
// codes w + 1 with the activations, and sum(x) is taken off once per row. Each pass
// prefetches the next pass's rows in address order, the order in which memory is fastest.

#include "kernels/gemv.h"
#include "kernels/gemv_x86.h"

namespace tern::kernels {

namespace {

// Group g of two neighbouring blocks: 32 activations of the first below 32 of the second.
TERN_TARGET_AVX512VNNI inline __m512i two_groups(const std::int8_t* x) {
  const auto* p = reinterpret_cast<const __m256i*>(x);
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(p)),
                            _mm256_loadu_si256(p + 4), 1);
}

TERN_TARGET_AVX512VNNI inline __m512i one_group(const std::int8_t* x) {
  return _mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}

// Codes are used where they lie: one shift by 4 exposes four fields, two of weight 1 and two of
// weight 4, which add up apart. `quadruple` grows to at most 4 * 2 * 128 * kMaxCols = 2^26.
struct Sums {
  __m512i single;
  __m512i quadruple;
};

TERN_TARGET_AVX512VNNI inline void accumulate(Sums& s, __m512i codes, const __m512i x[4]) {
  const __m512i units = _mm512_set1_epi8(0b0011), fours = _mm512_set1_epi8(0b1100);
  const __m512i high = _mm512_srli_epi16(codes, 4);
  s.single = _mm512_dpbusd_epi32(s.single, _mm512_and_si512(codes, units), x[3]);
  s.quadruple = _mm512_dpbusd_epi32(s.quadruple, _mm512_and_si512(codes, fours), x[2]);
  s.single = _mm512_dpbusd_epi32(s.single, _mm512_and_si512(high, units), x[1]);
  s.quadruple = _mm512_dpbusd_epi32(s.quadruple, _mm512_and_si512(high, fours), x[0]);
}

TERN_TARGET_AVX512VNNI std::int32_t sum_of(const std::int8_t* x, std::size_t blocks) {
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t k = 0; k < blocks * kT2BlockTrits; k += 64)
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(x + k));
  return _mm512_reduce_add_epi32(sum);
}

template <std::size_t R>
TERN_TARGET_AVX512VNNI void rows(const std::uint8_t* w, std::size_t blocks, const std::int8_t* x,
                                 std::int32_t sum_x, std::int32_t* y) {
  const std::size_t row_bytes = blocks * kT2BlockBytes;
  Sums s[R];
  for (std::size_t r = 0; r < R; ++r) s[r] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

  std::size_t b = 0;
  for (; b + 2 <= blocks; b += 2) {
    const std::uint8_t* at = w + b * kT2BlockBytes;
    const std::int8_t* xb = x + b * kT2BlockTrits;
    const __m512i xs[4] = {two_groups(xb), two_groups(xb + 32), two_groups(xb + 64),
                           two_groups(xb + 96)};
    for (std::size_t r = 0; r < R; ++r) {
      prefetch(at + (R - 1) * b * kT2BlockBytes + 64 * r, R * row_bytes);
      accumulate(s[r], _mm512_loadu_si512(at + r * row_bytes), xs);
    }
  }
  if (b < blocks) {
    const std::int8_t* xb = x + b * kT2BlockTrits;
    const __m512i xs[4] = {one_group(xb), one_group(xb + 32), one_group(xb + 64),
                           one_group(xb + 96)};
    for (std::size_t r = 0; r < R; ++r)
      accumulate(s[r],
                 _mm512_zextsi256_si512(_mm256_loadu_si256(
                     reinterpret_cast<const __m256i*>(w + r * row_bytes + b * kT2BlockBytes))),
                 xs);
  }

  __m512i sums[R];
  for (std::size_t r = 0; r < R; ++r)
    sums[r] = _mm512_add_epi32(s[r].single, _mm512_srai_epi32(s[r].quadruple, 2));
  store_sums<R>(sums, sum_x, y);
}

}  // namespace

void gemv_t2_avx512vnni(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const std::int32_t sum_x = sum_of(x, w.blocks_per_row);
  for_row_passes<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    rows<R>(w.data + r * w.row_bytes(), w.blocks_per_row, x, sum_x, y + r);
  });
}

}  // namespace tern::kernels
