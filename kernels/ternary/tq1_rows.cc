// SPDX-License-Identifier: Apache-2.0
//
// TQ1_0: five weights to a byte q, digits base 3 of a fraction of 256 (kernels/formats/tq.cc): the
// first digit, weight + 1, is what 3 q carries out of the byte, the rest of 3 q holds the others.

#include <array>

#include "kernels/prefetch.h"
#include "kernels/ternary/file_codes.h"
#include "kernels/ternary/file_rows.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {
namespace {

constexpr std::size_t kBlock = 256, kBlockBytes = 54, kDigits = 5;

// Digit n of byte m of a part is weight `first` + n * bytes + m. A scale follows the last.
struct Part {
  std::size_t at, bytes, first, digits;
};
constexpr Part kLong{0, 32, 0, 5}, kShort{32, 16, 160, 5}, kLast{48, 4, 240, 4};

bool tq1_rows_scalar(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                     std::size_t) noexcept {
  const std::size_t blocks = w.cols / kBlock;
  const std::int32_t less = sum_of(x, w.cols);
  for (std::size_t r = 0; r < w.rows; ++r) {
    std::int32_t sum = -less;
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::uint8_t* block = w.data + (r * blocks + b) * kBlockBytes;
      for (const Part& part : {kLong, kShort, kLast})
        for (std::size_t m = 0; m < part.bytes; ++m) {
          unsigned q = block[part.at + m];
          for (std::size_t n = 0; n < part.digits; ++n) {
            q = 3 * (q & 0xFF);
            sum += static_cast<int>(q >> 8) * x[b * kBlock + part.first + n * part.bytes + m];
          }
        }
    }
    y[r] = sum;
  }
  return true;
}

#if defined(__x86_64__)

TERN_TARGET_AVX2 [[gnu::always_inline]] inline __m128i load_16(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
[[gnu::always_inline]] inline std::int32_t load_4(const void* p) {
  std::int32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// The short part and, above it, the last one: of bytes or of what digit n of them meets.
TERN_TARGET_AVX2 [[gnu::always_inline]] inline __m256i join(const void* part, std::int32_t last) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_16(part)), _mm_cvtsi32_si128(last), 1);
}
[[gnu::always_inline]] inline std::int32_t last_of(const std::int8_t* in, std::size_t n) {
  return n < kLast.digits ? load_4(in + kLast.first + n * kLast.bytes) : 0;
}

// Bytes less 128, which tripling leaves so. The first digit is (q >= 86) + (q >= 171).
TERN_TARGET_AVX2 [[gnu::always_inline]] inline __m256i first_digit(__m256i q) {
  const __m256i not_two = _mm256_cmpgt_epi8(_mm256_set1_epi8(171 - 128), q);
  const __m256i not_zero = _mm256_cmpgt_epi8(q, _mm256_set1_epi8(85 - 128));
  return _mm256_sub_epi8(_mm256_add_epi8(_mm256_set1_epi8(1), not_two), not_zero);
}

// A pair of products is 2 * 2 * 128 at most in magnitude, and a block has ten of them: 6 blocks fit
// 16 bits.
template <std::size_t R>
TERN_TARGET_AVX2 bool rows_avx2(const FileRows& w, std::size_t first, const std::int8_t* x,
                                std::int32_t less, bool asks, std::int32_t* y) {
  constexpr std::size_t kBlocksPerWidening = 6;
  const std::size_t blocks = w.cols / kBlock;
  const __m256i ones = _mm256_set1_epi16(1), bias = _mm256_set1_epi8(-128);
  __m256i total[R];
  for (std::size_t r = 0; r < R; ++r) total[r] = _mm256_setzero_si256();
  for (std::size_t b = 0; b < blocks;) {
    const std::size_t left = blocks - b;
    const std::size_t end = b + (left < kBlocksPerWidening ? left : kBlocksPerWidening);
    __m256i sum[R];
    for (std::size_t r = 0; r < R; ++r) sum[r] = _mm256_setzero_si256();
    for (; b < end; ++b) {
      const std::int8_t* in = x + b * kBlock;
      __m256i q[R][2];
      for (std::size_t r = 0; r < R; ++r) {
        const std::uint8_t* lies = w.data + ((first + r) * blocks + b) * kBlockBytes;
        if (asks) prefetch_stream(lies);  // rows follow one another
        q[r][0] = _mm256_xor_si256(Avx2Ops::load(lies), bias);
        q[r][1] = _mm256_xor_si256(join(lies + kShort.at, load_4(lies + kLast.at)), bias);
      }
#pragma GCC unroll 5
      for (std::size_t n = 0; n < kDigits; ++n) {
        const __m256i meets[2] = {Avx2Ops::load(in + n * kLong.bytes),
                                  join(in + kShort.first + n * kShort.bytes, last_of(in, n))};
#pragma GCC unroll 2
        for (std::size_t r = 0; r < R; ++r)
#pragma GCC unroll 2
          for (std::size_t i = 0; i < 2; ++i) {
            sum[r] = _mm256_add_epi16(sum[r], _mm256_maddubs_epi16(first_digit(q[r][i]), meets[i]));
            q[r][i] = _mm256_add_epi8(q[r][i], _mm256_add_epi8(q[r][i], q[r][i]));
          }
      }
    }
    for (std::size_t r = 0; r < R; ++r)
      total[r] = _mm256_add_epi32(total[r], _mm256_madd_epi16(sum[r], ones));
  }
  for (std::size_t r = 0; r < R; ++r) y[first + r] = Avx2Ops::sum32(total[r]) - less;
  return true;
}

bool tq1_rows_avx2(const FileRows& w, const std::int8_t* x, std::int32_t* y, std::size_t) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, w.cols);
  return by_rows<2>(
      w.rows, [&]<std::size_t R>(std::size_t r) { return rows_avx2<R>(w, r, x, less, asks, y); });
}

// No digit is taken out: with q[n] the byte after n triplings, 3 q[n] = 256 digit[n] + q[n + 1], so
// sums over q[n] and over q[n + 1] give that over digits, in each of 16 lanes: of 65,536 columns
// 3 * 256 * 20 * 255 * 128 at most, below 2^29.
template <std::size_t R>
TERN_TARGET_AVX512VNNI bool rows_avx512vnni(const FileRows& w, std::size_t first,
                                            const std::int8_t* x, std::int32_t less, bool asks,
                                            std::int32_t* y) {
  constexpr __mmask64 kParts = (__mmask64{1} << (kLast.at + kLast.bytes)) - 1;
  const std::size_t blocks = w.cols / kBlock;
  __m512i before[R], after[R];
  for (std::size_t r = 0; r < R; ++r) before[r] = after[r] = _mm512_setzero_si512();
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::int8_t* in = x + b * kBlock;
    __m512i meets[kDigits];
    for (std::size_t n = 0; n < kDigits; ++n)
      meets[n] = _mm512_inserti64x4(_mm512_zextsi256_si512(Avx2Ops::load(in + n * kLong.bytes)),
                                    join(in + kShort.first + n * kShort.bytes, last_of(in, n)), 1);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) {
      const std::uint8_t* lies = w.data + ((first + r) * blocks + b) * kBlockBytes;
      if (asks) prefetch_stream(lies);  // rows follow one another
      __m512i q = _mm512_maskz_loadu_epi8(kParts, lies);
#pragma GCC unroll 5
      for (std::size_t n = 0; n < kDigits; ++n) {
        before[r] = _mm512_dpbusd_epi32(before[r], q, meets[n]);
        q = _mm512_add_epi8(q, _mm512_add_epi8(q, q));
        after[r] = _mm512_dpbusd_epi32(after[r], q, meets[n]);
      }
    }
  }
  for (std::size_t r = 0; r < R; ++r) {
    const __m512i tripled = _mm512_add_epi32(before[r], _mm512_add_epi32(before[r], before[r]));
    const __m512i digits = _mm512_srai_epi32(_mm512_sub_epi32(tripled, after[r]), 8);
    y[first + r] = _mm512_reduce_add_epi32(digits) - less;
  }
  return true;
}

bool tq1_rows_avx512vnni(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                         std::size_t) noexcept {
  const bool asks = asks_ahead();
  const std::int32_t less = sum_of(x, w.cols);
  return by_rows<4>(w.rows, [&]<std::size_t R>(std::size_t r) {
    return rows_avx512vnni<R>(w, r, x, less, asks, y);
  });
}

#endif

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<FileRowsFn>{"tq1_rows_avx512vnni", Isa::kAvx512Vnni, tq1_rows_avx512vnni},
    Kernel<FileRowsFn>{"tq1_rows_avx2", Isa::kAvx2, tq1_rows_avx2},
#endif
    Kernel<FileRowsFn>{"tq1_rows_scalar", Isa::kScalar, tq1_rows_scalar},
};

}  // namespace

std::span<const Kernel<FileRowsFn>> tq1_rows_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
