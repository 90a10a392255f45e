// SPDX-License-Identifier: Apache-2.0
//
// What the x86 look-up kernels share: how tables are made, how far ahead weights are fetched, and
// how sums of bytes become sums of rows.

#pragma once

#include "kernels/ternary/lut.h"
#include "kernels/x86.h"

namespace tern::kernels {

// Weights are fetched this far ahead, into the L2 cache: the L1 cache holds the tables. One line at
// a time, between look-ups: bursts of eight do half as well. Zen 4, one thread, 2560 columns from
// memory: lut2 9 GB/s without it, 15 into the L1 cache at the best distance, 28 into L2 at 8 to 128
// KB.
inline constexpr std::size_t kLutAheadBytes = std::size_t{12} << 10;

// The 16-bit sums of bytes b of a register: `all` of b[2 i] + 256 b[2 i + 1] modulo 2^16, `odd` of
// b[2 i + 1]. Two additions and a shift, where unpacking takes four operations.
struct LutWords {
  __m256i all, odd;
};

// Both groups of 16-bit lanes: 8 sums.
TERN_TARGET_AVX2 inline __m256i lut_sum_groups(__m256i sums16) {
  return _mm256_add_epi32(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums16)),
                          _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sums16, 1)));
}

// low + Scale high, for a scale of 32 or 31.
template <int Scale>
TERN_TARGET_AVX2 inline __m256i lut_join(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, 5));
  if constexpr (Scale == 32) return sum;
  return _mm256_sub_epi32(sum, high);
}

// y[0, 16) += the sums of the 16 rows of a nibble.
template <int Scale>
TERN_TARGET_AVX2 inline void lut_add_rows(const LutWords& low, const LutWords& high,
                                          std::int32_t* y) {
  const __m256i odds = lut_join<Scale>(lut_sum_groups(low.odd), lut_sum_groups(high.odd));
  const __m256i evens =
      lut_join<Scale>(lut_sum_groups(_mm256_sub_epi16(low.all, _mm256_slli_epi16(low.odd, 8))),
                      lut_sum_groups(_mm256_sub_epi16(high.all, _mm256_slli_epi16(high.odd, 8))));
  const __m256i a = _mm256_unpacklo_epi32(evens, odds), b = _mm256_unpackhi_epi32(evens, odds);
  auto* at = reinterpret_cast<__m256i*>(y);
  _mm256_storeu_si256(
      at, _mm256_add_epi32(_mm256_loadu_si256(at), _mm256_permute2x128_si256(a, b, 0x20)));
  _mm256_storeu_si256(
      at + 1, _mm256_add_epi32(_mm256_loadu_si256(at + 1), _mm256_permute2x128_si256(a, b, 0x31)));
}

// Low and high parts of the 16 entries of a group, in 16-bit lanes, into its table.
TERN_TARGET_AVX2 inline void store_lut_table(__m256i low, __m256i high, std::uint8_t* table,
                                             std::size_t g) {
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0b11'01'10'00);
  std::uint8_t* at = table + g / 2 * kLutTableBytes + g % 2 * 16;
  _mm_store_si128(reinterpret_cast<__m128i*>(at), _mm256_castsi256_si128(bytes));
  _mm_store_si128(reinterpret_cast<__m128i*>(at + 32), _mm256_extracti128_si256(bytes, 1));
}

struct Lut2X86 {
  static constexpr Geometry kGeometry = kLut2Geometry;
  static constexpr int kScale = 32;
  static constexpr std::size_t kStepsPerBlock = 1;
  static constexpr std::size_t kBlocksPerWidening = kLutAdds;

  static std::int32_t offset(std::size_t blocks) {
    return -kLut2Bias * static_cast<std::int32_t>(blocks * kLutStepGroups);
  }

  // The table of each pair of x[0, 4 blocks).
  TERN_TARGET_AVX2 static void make_tables(const std::int8_t* x, std::size_t blocks,
                                           std::uint8_t* table) {
    // Signs of the two weights of an index.
    const __m256i sign_a = _mm256_setr_epi16(-1, -1, -1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0);
    const __m256i sign_b = _mm256_setr_epi16(-1, 0, 1, -1, 0, 1, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    const __m256i bias = _mm256_set1_epi16(kLut2Bias), low_bits = _mm256_set1_epi16(31);
    for (std::size_t g = 0; g < blocks * kLutStepGroups; ++g) {
      const __m256i a = _mm256_set1_epi16(x[2 * g]), b = _mm256_set1_epi16(x[2 * g + 1]);
      const __m256i v = _mm256_add_epi16(
          bias, _mm256_add_epi16(_mm256_sign_epi16(a, sign_a), _mm256_sign_epi16(b, sign_b)));
      store_lut_table(_mm256_and_si256(v, low_bits), _mm256_srli_epi16(v, 5), table, g);
    }
  }
};

struct Lut3X86 {
  static constexpr Geometry kGeometry = kLut3Geometry;
  static constexpr int kScale = 31;
  static constexpr std::size_t kStepsPerBlock = kLut3Steps;
  static constexpr std::size_t kBlocksPerWidening = kLutAdds / kLut3Steps;

  static std::int32_t offset(std::size_t blocks) {
    const std::size_t starts = (blocks + kBlocksPerWidening - 1) / kBlocksPerWidening;
    return kLut3Bias * static_cast<std::int32_t>(blocks * kLut3Steps * kLutStepGroups) -
           kLut3Start * (1 + kScale) * static_cast<std::int32_t>(starts * kLutStepGroups);
  }

  TERN_TARGET_AVX2 static void make_tables(const std::int8_t* x, std::size_t blocks,
                                           std::uint8_t* table) {
    // Signs of the three weights of the values 0..13, from 000, 001, 01-, 010 to 111.
    const __m256i sign_a = _mm256_setr_epi16(0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
    const __m256i sign_b = _mm256_setr_epi16(0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1, 0, 0);
    const __m256i sign_c = _mm256_setr_epi16(0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, 0, 0);
    const __m256i bias = _mm256_set1_epi16(kLut3Bias);
    for (std::size_t g = 0; g < blocks * kLut3Steps * kLutStepGroups; ++g) {
      const __m256i a = _mm256_set1_epi16(x[3 * g]), b = _mm256_set1_epi16(x[3 * g + 1]),
                    c = _mm256_set1_epi16(x[3 * g + 2]);
      const __m256i v = _mm256_add_epi16(
          _mm256_add_epi16(_mm256_sign_epi16(a, sign_a), _mm256_sign_epi16(b, sign_b)),
          _mm256_sign_epi16(c, sign_c));
      const __m256i high = _mm256_srai_epi16(_mm256_add_epi16(v, _mm256_srai_epi16(v, 5)), 5);
      const __m256i high_31 = _mm256_sub_epi16(_mm256_slli_epi16(high, 5), high);
      store_lut_table(_mm256_sub_epi16(_mm256_sub_epi16(v, bias), high_31), high, table, g);
    }
  }
};

}  // namespace tern::kernels
