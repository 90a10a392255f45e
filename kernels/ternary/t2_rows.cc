// SPDX-License-Identifier: Apache-2.0
//
// Rows go four at a time: they share the loads of x and give the sums room to wait.

#include "kernels/ternary/t2_rows.h"

#include <array>

#include "kernels/prefetch.h"
#include "kernels/ternary/file_rows.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {
namespace {

bool t2_rows_scalar(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const std::int32_t less = sum_of(x, w.blocks_per_row * kT2BlockTrits);
  unsigned illegal = 0;
  for (std::size_t r = 0; r < w.rows; ++r) {
    std::int32_t sum = -less;
    for (std::size_t b = 0; b < w.blocks_per_row; ++b) {
      const std::uint8_t* block = w.data + r * w.row_bytes() + b * kT2BlockBytes;
      const std::int8_t* in = x + b * kT2BlockTrits;
      for (std::size_t j = 0; j < kT2BlockBytes; ++j) {
        const int v = block[j];
        illegal |= static_cast<unsigned>(v & (v >> 1) & 0x55);
        sum += (v >> 6) * in[j] + (v >> 4 & 3) * in[j + 32] + (v >> 2 & 3) * in[j + 64] +
               (v & 3) * in[j + 96];
      }
    }
    y[r] = sum;
  }
  return illegal == 0;
}

#if defined(__x86_64__)

// rows.operator()<N>(first row) for all: four at a time, then one by one.
template <typename Rows>
bool by_four(std::size_t n, const Rows& rows) {
  bool legal = true;
  std::size_t r = 0;
  for (; n - r >= 4; r += 4) legal &= rows.template operator()<4>(r);
  for (; r < n; ++r) legal &= rows.template operator()<1>(r);
  return legal;
}

// A pair of products is 2 * 2 * 128 at most in magnitude, four fields four times that: 15 blocks
// fit 16 bits.
template <std::size_t R>
TERN_TARGET_AVX2 bool rows_avx2(const T2View& w, std::size_t first, const std::int8_t* x,
                                std::int32_t less, bool asks, std::int32_t* y) {
  constexpr std::size_t kBlocksPerWidening = 15;
  const std::uint8_t* at = w.data + first * w.row_bytes();
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i illegal = _mm256_setzero_si256(), total[R];
  for (std::size_t r = 0; r < R; ++r) total[r] = _mm256_setzero_si256();
  for (std::size_t b = 0; b < w.blocks_per_row;) {
    const std::size_t left = w.blocks_per_row - b;
    const std::size_t end = b + (left < kBlocksPerWidening ? left : kBlocksPerWidening);
    __m256i sum[R];
    for (std::size_t r = 0; r < R; ++r) sum[r] = _mm256_setzero_si256();
    for (; b < end; ++b) {
      __m256i in[4];
      for (std::size_t f = 0; f < 4; ++f)
        in[f] = _mm256_loadu_si256(
            reinterpret_cast<const __m256i*>(x + b * kT2BlockTrits + f * kT2BlockBytes));
#pragma GCC unroll 4
      for (std::size_t r = 0; r < R; ++r) {
        const std::uint8_t* lies = at + r * w.row_bytes() + b * kT2BlockBytes;
        if (asks && b % 2 == 0) prefetch_stream(lies);  // rows follow one another
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lies));
        illegal = _mm256_or_si256(illegal, _mm256_and_si256(v, _mm256_srli_epi16(v, 1)));
        __m256i codes[4];
        split_codes(v, codes);
#pragma GCC unroll 4
        for (std::size_t f = 0; f < 4; ++f)
          sum[r] = _mm256_add_epi16(sum[r], _mm256_maddubs_epi16(codes[3 - f], in[f]));
      }
    }
    for (std::size_t r = 0; r < R; ++r)
      total[r] = _mm256_add_epi32(total[r], _mm256_madd_epi16(sum[r], ones));
  }
  for (std::size_t r = 0; r < R; ++r) {
    y[first + r] = Avx2Ops::sum32(total[r]) - less;
  }
  return _mm256_testz_si256(illegal, _mm256_set1_epi8(0x55)) != 0;
}

bool t2_rows_avx2(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, w.blocks_per_row * kT2BlockTrits);
  return by_four(
      w.rows, [&]<std::size_t R>(std::size_t r) { return rows_avx2<R>(w, r, x, less, asks, y); });
}

// Two blocks to a register. Of an odd last one the upper half holds codes 0 and meets zeros.
template <std::size_t R>
TERN_TARGET_AVX512VNNI bool rows_avx512vnni(const T2View& w, std::size_t first,
                                            const std::int8_t* x, std::int32_t less, bool asks,
                                            std::int32_t* y) {
  const std::uint8_t* at = w.data + first * w.row_bytes();
  __m512i illegal = _mm512_setzero_si512(), sum[R][2];
  for (std::size_t r = 0; r < R; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  for (std::size_t b = 0; b < w.blocks_per_row; b += 2) {
    const bool both = b + 1 < w.blocks_per_row;
    __m512i in[4];
    for (std::size_t f = 0; f < 4; ++f) {
      const std::int8_t* p = x + b * kT2BlockTrits + f * kT2BlockBytes;
      const auto* low = reinterpret_cast<const __m256i*>(p);
      const auto* high = reinterpret_cast<const __m256i*>(p + kT2BlockTrits);
      in[f] = _mm512_zextsi256_si512(_mm256_loadu_si256(low));
      if (both) in[f] = _mm512_inserti64x4(in[f], _mm256_loadu_si256(high), 1);
    }
    const __mmask64 bytes = both ? ~__mmask64{0} : (__mmask64{1} << kT2BlockBytes) - 1;
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) {
      const std::uint8_t* lies = at + r * w.row_bytes() + b * kT2BlockBytes;
      if (asks) prefetch_stream(lies);  // rows follow one another
      const __m512i v = _mm512_maskz_loadu_epi8(bytes, lies);
      illegal = _mm512_or_si512(illegal, _mm512_and_si512(v, _mm512_srli_epi16(v, 1)));
      __m512i codes[4];
      split_codes(v, codes);
#pragma GCC unroll 4
      for (std::size_t f = 0; f < 4; ++f)
        sum[r][f % 2] = _mm512_dpbusd_epi32(sum[r][f % 2], codes[3 - f], in[f]);
    }
  }
  for (std::size_t r = 0; r < R; ++r)
    y[first + r] = _mm512_reduce_add_epi32(_mm512_add_epi32(sum[r][0], sum[r][1])) - less;
  return _mm512_test_epi8_mask(illegal, _mm512_set1_epi8(0x55)) == 0;
}

bool t2_rows_avx512vnni(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, w.blocks_per_row * kT2BlockTrits);
  return by_four(w.rows, [&]<std::size_t R>(std::size_t r) {
    return rows_avx512vnni<R>(w, r, x, less, asks, y);
  });
}

#endif

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<T2RowsFn>{"t2_rows_avx512vnni", Isa::kAvx512Vnni, t2_rows_avx512vnni},
    Kernel<T2RowsFn>{"t2_rows_avx2", Isa::kAvx2, t2_rows_avx2},
#endif
    Kernel<T2RowsFn>{"t2_rows_scalar", Isa::kScalar, t2_rows_scalar},
};

}  // namespace

std::span<const Kernel<T2RowsFn>> t2_rows_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
