// SPDX-License-Identifier: Apache-2.0
//
// Weights as Hugging Face checkpoints pack them (kernels/formats/hf_u8.cc). As t2_rows.cc; here the
// four codes of a byte meet the same activation and belong to four sums.

#include <array>

#include "kernels/prefetch.h"
#include "kernels/ternary/file_codes.h"
#include "kernels/ternary/file_rows.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {
namespace {

bool hf_rows_scalar(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                    std::size_t ldy) noexcept {
  const std::int32_t less = sum_of(x, w.cols);
  unsigned illegal = 0;
  for (std::size_t r = 0; r < w.rows; ++r) {
    const std::uint8_t* row = w.data + r * w.cols;
    std::int32_t sum[4] = {-less, -less, -less, -less};
    for (std::size_t c = 0; c < w.cols; ++c) {
      const int v = row[c];
      illegal |= static_cast<unsigned>(v & (v >> 1) & 0x55);
      for (int i = 0; i < 4; ++i) sum[i] += (v >> (2 * i) & 3) * x[c];
    }
    for (std::size_t i = 0; i < 4; ++i) y[i * ldy + r] = sum[i];
  }
  return illegal == 0;
}

#if defined(__x86_64__)

// A pair of products is 2 * 2 * 128 at most in magnitude: 63 of them fit 16 bits.
TERN_TARGET_AVX2 bool hf_rows_avx2(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                                   std::size_t ldy) noexcept {
  constexpr std::size_t kBytes = 32, kColsPerWidening = 63 * kBytes;
  const std::int32_t less = sum_of(x, w.cols);
  const bool asks = asks_ahead();
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i illegal = _mm256_setzero_si256();
  for (std::size_t r = 0; r < w.rows; ++r) {
    const std::uint8_t* row = w.data + r * w.cols;
    __m256i total[4] = {};
    for (std::size_t c = 0; c < w.cols;) {
      const std::size_t left = w.cols - c;
      const std::size_t end = c + (left < kColsPerWidening ? left : kColsPerWidening);
      __m256i sum[4] = {};
      for (; c < end; c += kBytes) {
        if (asks) prefetch_stream(row + c);  // rows follow one another
        std::uint8_t tail[kBytes] = {};
        const bool whole = c + kBytes <= end;
        if (!whole) __builtin_memcpy(tail, row + c, end - c);
        const __m256i v = Avx2Ops::load(whole ? row + c : tail), in = Avx2Ops::load(x + c);
        illegal = _mm256_or_si256(illegal, _mm256_and_si256(v, _mm256_srli_epi16(v, 1)));
        __m256i codes[4];
        split_codes(v, codes);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i)
          sum[i] = _mm256_add_epi16(sum[i], _mm256_maddubs_epi16(codes[i], in));
      }
      c = end;
      for (std::size_t i = 0; i < 4; ++i)
        total[i] = _mm256_add_epi32(total[i], _mm256_madd_epi16(sum[i], ones));
    }
    for (std::size_t i = 0; i < 4; ++i) {
      y[i * ldy + r] = Avx2Ops::sum32(total[i]) - less;
    }
  }
  return _mm256_testz_si256(illegal, _mm256_set1_epi8(0x55)) != 0;
}

// Rows go two at a time: eight sums, of which none waits for itself.
template <std::size_t R>
TERN_TARGET_AVX512VNNI bool hf_rows_avx512vnni(const FileRows& w, std::size_t first,
                                               const std::int8_t* x, std::int32_t less, bool asks,
                                               std::int32_t* y, std::size_t ldy) {
  constexpr std::size_t kBytes = 64;
  const std::uint8_t* at = w.data + first * w.cols;
  __m512i illegal = _mm512_setzero_si512(), sum[R][4];
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t i = 0; i < 4; ++i) sum[r][i] = _mm512_setzero_si512();
  for (std::size_t c = 0; c < w.cols; c += kBytes) {
    const std::size_t left = w.cols - c;
    const __mmask64 live = left < kBytes ? (__mmask64{1} << left) - 1 : ~__mmask64{0};
    const __m512i in = _mm512_loadu_si512(x + c);
#pragma GCC unroll 2
    for (std::size_t r = 0; r < R; ++r) {
      const std::uint8_t* lies = at + r * w.cols + c;
      if (asks) prefetch_stream(lies);
      const __m512i v = _mm512_maskz_loadu_epi8(live, lies);
      illegal = _mm512_or_si512(illegal, _mm512_and_si512(v, _mm512_srli_epi16(v, 1)));
      __m512i codes[4];
      split_codes(v, codes);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) sum[r][i] = _mm512_dpbusd_epi32(sum[r][i], codes[i], in);
    }
  }
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t i = 0; i < 4; ++i)
      y[i * ldy + first + r] = _mm512_reduce_add_epi32(sum[r][i]) - less;
  return _mm512_test_epi8_mask(illegal, _mm512_set1_epi8(0x55)) == 0;
}

bool hf_rows_avx512vnni(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                        std::size_t ldy) noexcept {
  const std::int32_t less = sum_of(x, w.cols);
  const bool asks = asks_ahead();
  return by_rows<2>(w.rows, [&]<std::size_t R>(std::size_t r) {
    return hf_rows_avx512vnni<R>(w, r, x, less, asks, y, ldy);
  });
}

#endif

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<FileRowsFn>{"hf_rows_avx512vnni", Isa::kAvx512Vnni, hf_rows_avx512vnni},
    Kernel<FileRowsFn>{"hf_rows_avx2", Isa::kAvx2, hf_rows_avx2},
#endif
    Kernel<FileRowsFn>{"hf_rows_scalar", Isa::kScalar, hf_rows_scalar},
};

}  // namespace

std::span<const Kernel<FileRowsFn>> hf_rows_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
