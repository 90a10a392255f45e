// SPDX-License-Identifier: Apache-2.0
//
// What the x86 look-up kernels share: how tables are made, how far ahead weights are fetched, and
// how sums of bytes become sums of rows.

#pragma once

#include <cstring>

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

// The words of two groups of activations as 16 bits, one group in either half: word `first` of
// `words` in every lane of the lower half, word `second` in the upper.
TERN_TARGET_AVX2 inline __m256i lut_spread(__m256i words, int first, int second) {
  const auto lane = [](int word) { return static_cast<short>(2 * word | (2 * word + 1) << 8); };
  return _mm256_shuffle_epi8(
      words, _mm256_setr_m128i(_mm_set1_epi16(lane(first)), _mm_set1_epi16(lane(second))));
}

// Entries 0..7 and 8..15 of two groups, in 16-bit lanes.
struct LutEntries {
  __m256i first, second;
};

// Signs of one weight of a tuple for all entries, for both groups.
TERN_TARGET_AVX2 inline LutEntries lut_signs(const std::int8_t* signs) {
  const __m128i of = _mm_loadu_si128(reinterpret_cast<const __m128i*>(signs));
  return {_mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(of)),
          _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(_mm_srli_si128(of, 8)))};
}

// v + the activation under its sign.
TERN_TARGET_AVX2 inline LutEntries lut_add(LutEntries v, __m256i x, const LutEntries& signs) {
  return {_mm256_add_epi16(v.first, _mm256_sign_epi16(x, signs.first)),
          _mm256_add_epi16(v.second, _mm256_sign_epi16(x, signs.second))};
}

TERN_TARGET_AVX2 inline void lut_store(const LutEntries& parts, std::uint8_t* at) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at),
                      _mm256_packs_epi16(parts.first, parts.second));
}

// 16 activations in 16 bits.
TERN_TARGET_AVX2 inline void lut_extend(const std::int8_t* x, std::int16_t* words) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words),
                      _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))));
}

struct Lut2X86 {
  static constexpr Geometry kGeometry = kLut2Geometry;
  static constexpr int kScale = 32;
  static constexpr std::size_t kStepsPerBlock = 1;
  static constexpr std::size_t kBlocksPerWidening = kLutAdds;

  static std::int32_t offset(std::size_t blocks) {
    return -kLut2Bias * static_cast<std::int32_t>(blocks * kLutStepGroups);
  }

  // Tables of the pairs of x[0, 4 blocks); reads up to 12 bytes more.
  TERN_TARGET_AVX2 static void make_tables(const std::int8_t* x, std::size_t blocks,
                                           std::uint8_t* table) {
    constexpr std::int8_t kA[16] = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
    constexpr std::int8_t kB[16] = {-1, 0, 1, -1, 0, 1, -1, 0, 1};
    const LutEntries sign_a = lut_signs(kA), sign_b = lut_signs(kB);
    const __m256i bias = _mm256_set1_epi16(kLut2Bias), low = _mm256_set1_epi16(31);
    std::int16_t words[16];
    for (std::size_t s = 0; s < blocks; ++s, table += kLutTableBytes) {
      if (s % 4 == 0) lut_extend(x + 4 * s, words);
      long long four = 0;
      std::memcpy(&four, words + s % 4 * 4, sizeof four);
      const __m256i xs = _mm256_set1_epi64x(four);
      LutEntries v = lut_add({bias, bias}, lut_spread(xs, 0, 2), sign_a);
      v = lut_add(v, lut_spread(xs, 1, 3), sign_b);
      lut_store({_mm256_and_si256(v.first, low), _mm256_and_si256(v.second, low)}, table);
      lut_store({_mm256_srli_epi16(v.first, 5), _mm256_srli_epi16(v.second, 5)}, table + 32);
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

  // Tables of the triples of x[0, 24 blocks); reads up to 8 bytes more.
  TERN_TARGET_AVX2 static void make_tables(const std::int8_t* x, std::size_t blocks,
                                           std::uint8_t* table) {
    // The weights of the values 0..13: 000, 001, 01-, 010, 011, 1--, ..., 111.
    constexpr std::int8_t kA[16] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    constexpr std::int8_t kB[16] = {0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1};
    constexpr std::int8_t kC[16] = {0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1};
    const LutEntries sign_a = lut_signs(kA), sign_b = lut_signs(kB), sign_c = lut_signs(kC);
    const __m256i zero = _mm256_setzero_si256();
    for (std::size_t b = 0; b < blocks; ++b, x += kGeometry.block_cols) {
      std::int16_t words[32];
      lut_extend(x, words);
      lut_extend(x + 16, words + 16);
      for (std::size_t s = 0; s < kLut3Steps; ++s, table += kLutTableBytes) {
        const __m256i xs = _mm256_broadcastsi128_si256(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(words + 6 * s)));
        LutEntries v = lut_add({zero, zero}, lut_spread(xs, 0, 3), sign_a);
        v = lut_add(v, lut_spread(xs, 1, 4), sign_b);
        v = lut_add(v, lut_spread(xs, 2, 5), sign_c);
        const LutEntries high = {high_of(v.first), high_of(v.second)};
        lut_store({low_of(v.first, high.first), low_of(v.second, high.second)}, table);
        lut_store(high, table + 32);
      }
    }
  }

  TERN_TARGET_AVX2 static __m256i high_of(__m256i v) {
    return _mm256_srai_epi16(_mm256_add_epi16(v, _mm256_srai_epi16(v, 5)), 5);
  }
  TERN_TARGET_AVX2 static __m256i low_of(__m256i v, __m256i high) {
    const __m256i high_32 =
        _mm256_add_epi16(_mm256_slli_epi16(high, 5), _mm256_set1_epi16(kLut3Bias));
    return _mm256_add_epi16(_mm256_sub_epi16(v, high_32), high);
  }
};

}  // namespace tern::kernels
