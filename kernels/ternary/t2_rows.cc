// SPDX-License-Identifier: Apache-2.0
//
// Blocks of 128 weights in 32 bytes, as I2_S and, in pairs, TQ2_0 have them.

#include <array>

#include "kernels/format.h"
#include "kernels/prefetch.h"
#include "kernels/ternary/file_codes.h"
#include "kernels/ternary/file_rows.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {
namespace {

// Where block b of a row lies, and at which pair of bits of its bytes the f-th 32 of its weights.
struct T2 {
  static constexpr std::size_t at(std::size_t b) { return b * kT2BlockBytes; }
  static constexpr std::size_t field(std::size_t f) { return 3 - f; }
};
struct Tq2 {  // a binary16 scale behind every second block
  static constexpr std::size_t at(std::size_t b) { return b * kT2BlockBytes + b / 2 * 2; }
  static constexpr std::size_t field(std::size_t f) { return f; }
};

template <typename L>
bool rows_scalar(const FileRows& w, const std::int8_t* x, std::int32_t* y, std::size_t) noexcept {
  const std::size_t blocks = t2_blocks(w.cols);
  const std::int32_t less = sum_of(x, blocks * kT2BlockTrits);
  unsigned illegal = 0;
  for (std::size_t r = 0; r < w.rows; ++r) {
    std::int32_t sum = -less;
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::uint8_t* block = w.data + r * L::at(blocks) + L::at(b);
      const std::int8_t* in = x + b * kT2BlockTrits;
      for (std::size_t j = 0; j < kT2BlockBytes; ++j) {
        const int v = block[j];
        illegal |= static_cast<unsigned>(v & (v >> 1) & 0x55);
        for (std::size_t f = 0; f < 4; ++f)
          sum += (v >> (2 * L::field(f)) & 3) * in[f * kT2BlockBytes + j];
      }
    }
    y[r] = sum;
  }
  return illegal == 0;
}

#if defined(__x86_64__)

// A pair of products is 2 * 2 * 128 at most in magnitude, four fields four times that: 15 blocks
// fit 16 bits.
template <typename L, std::size_t R>
TERN_TARGET_AVX2 bool rows_avx2(const FileRows& w, std::size_t first, const std::int8_t* x,
                                std::int32_t less, bool asks, std::int32_t* y) {
  constexpr std::size_t kBlocksPerWidening = 15;
  const std::size_t blocks = t2_blocks(w.cols), row_bytes = L::at(blocks);
  const std::uint8_t* at = w.data + first * row_bytes;
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i illegal = _mm256_setzero_si256(), total[R];
  for (std::size_t r = 0; r < R; ++r) total[r] = _mm256_setzero_si256();
  for (std::size_t b = 0; b < blocks;) {
    const std::size_t left = blocks - b;
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
        const std::uint8_t* lies = at + r * row_bytes + L::at(b);
        if (asks && b % 2 == 0) prefetch_stream(lies);  // rows follow one another
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lies));
        illegal = _mm256_or_si256(illegal, _mm256_and_si256(v, _mm256_srli_epi16(v, 1)));
        __m256i codes[4];
        split_codes(v, codes);
#pragma GCC unroll 4
        for (std::size_t f = 0; f < 4; ++f)
          sum[r] = _mm256_add_epi16(sum[r], _mm256_maddubs_epi16(codes[L::field(f)], in[f]));
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

template <typename L>
bool rows_avx2(const FileRows& w, const std::int8_t* x, std::int32_t* y, std::size_t) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, t2_blocks(w.cols) * kT2BlockTrits);
  return by_rows<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    return rows_avx2<L, R>(w, r, x, less, asks, y);
  });
}

// Two blocks to a register. Of an odd last one the upper half holds codes 0 and meets zeros.
template <typename L, std::size_t R>
TERN_TARGET_AVX512VNNI bool rows_avx512vnni(const FileRows& w, std::size_t first,
                                            const std::int8_t* x, std::int32_t less, bool asks,
                                            std::int32_t* y) {
  const std::size_t blocks = t2_blocks(w.cols), row_bytes = L::at(blocks);
  const std::uint8_t* at = w.data + first * row_bytes;
  __m512i illegal = _mm512_setzero_si512(), sum[R][2];
  for (std::size_t r = 0; r < R; ++r) sum[r][0] = sum[r][1] = _mm512_setzero_si512();
  for (std::size_t b = 0; b < blocks; b += 2) {
    const bool both = b + 1 < blocks;
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
      const std::uint8_t* lies = at + r * row_bytes + L::at(b);
      if (asks) prefetch_stream(lies);  // rows follow one another
      const __m512i v = _mm512_maskz_loadu_epi8(bytes, lies);
      illegal = _mm512_or_si512(illegal, _mm512_and_si512(v, _mm512_srli_epi16(v, 1)));
      __m512i codes[4];
      split_codes(v, codes);
#pragma GCC unroll 4
      for (std::size_t f = 0; f < 4; ++f)
        sum[r][f % 2] = _mm512_dpbusd_epi32(sum[r][f % 2], codes[L::field(f)], in[f]);
    }
  }
  for (std::size_t r = 0; r < R; ++r)
    y[first + r] = _mm512_reduce_add_epi32(_mm512_add_epi32(sum[r][0], sum[r][1])) - less;
  return _mm512_test_epi8_mask(illegal, _mm512_set1_epi8(0x55)) == 0;
}

template <typename L>
bool rows_avx512vnni(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                     std::size_t) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, t2_blocks(w.cols) * kT2BlockTrits);
  return by_rows<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    return rows_avx512vnni<L, R>(w, r, x, less, asks, y);
  });
}

#endif

constexpr std::array kT2Table = {
#if defined(__x86_64__)
    Kernel<FileRowsFn>{"t2_rows_avx512vnni", Isa::kAvx512Vnni, rows_avx512vnni<T2>},
    Kernel<FileRowsFn>{"t2_rows_avx2", Isa::kAvx2, rows_avx2<T2>},
#endif
    Kernel<FileRowsFn>{"t2_rows_scalar", Isa::kScalar, rows_scalar<T2>},
};

constexpr std::array kTq2Table = {
#if defined(__x86_64__)
    Kernel<FileRowsFn>{"tq2_rows_avx512vnni", Isa::kAvx512Vnni, rows_avx512vnni<Tq2>},
    Kernel<FileRowsFn>{"tq2_rows_avx2", Isa::kAvx2, rows_avx2<Tq2>},
#endif
    Kernel<FileRowsFn>{"tq2_rows_scalar", Isa::kScalar, rows_scalar<Tq2>},
};

}  // namespace

std::span<const Kernel<FileRowsFn>> t2_rows_kernels() noexcept { return kT2Table; }
std::span<const Kernel<FileRowsFn>> tq2_rows_kernels() noexcept { return kTq2Table; }

}  // namespace tern::kernels
