// SPDX-License-Identifier: Apache-2.0
//
// Packing of lut2 and lut3 on AVX2: values of the groups of a row by multiply-add, 16 groups in a
// register, then turned in registers so that rows lie side by side. A weight costs 0.3 (lut2) and
// 0.4 (lut3) instructions.

#include "kernels/ternary/lut_pack.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

TERN_TARGET_AVX2 inline __m256i load(const std::int8_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

TERN_TARGET_AVX2 inline __m256i load_halves(const std::int8_t* low, const std::int8_t* high) {
  return _mm256_setr_m128i(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low)),
                           _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)));
}

TERN_TARGET_AVX2 inline void store(std::uint8_t* at, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), v);
}

TERN_TARGET_AVX2 inline __m256i both_halves(__m128i v) { return _mm256_broadcastsi128_si256(v); }

struct Lut2Row {
  // 3 a + b of the pairs of 32 columns.
  TERN_TARGET_AVX2 static __m256i values(const std::int8_t* row) {
    return _mm256_maddubs_epi16(_mm256_set1_epi16(0x0103), load(row));
  }
};

struct Lut3Row {
  // 9 a + 3 b + c of four triples in either half, which `spread` finds.
  TERN_TARGET_AVX2 static __m256i triples(__m256i trits, __m256i spread) {
    const __m256i sums =
        _mm256_maddubs_epi16(_mm256_set1_epi32(0x00010309), _mm256_shuffle_epi8(trits, spread));
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
  }
  // The same of 48 columns, 24 in either half.
  TERN_TARGET_AVX2 static __m256i values(const std::int8_t* row) {
    const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    // Columns 12..23 as the last of 8..23: nothing behind the tile is read.
    const __m128i last = _mm_setr_epi8(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    return _mm256_packs_epi32(triples(load_halves(row, row + 24), both_halves(spread)),
                              triples(load_halves(row + 8, row + 32), both_halves(last)));
  }
};

// Values of 16 rows as bytes: v.group[g] holds in its halves groups g and g + 8, row by row.
struct Turned {
  __m256i group[8];
};

template <typename Row>
TERN_TARGET_AVX2 [[gnu::always_inline]] inline Turned turned_rows(const std::int8_t* tile,
                                                                  std::size_t stride) {
  // Two rows in each half, one group of both after the other.
  const __m256i zip =
      both_halves(_mm_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15));
  __m256i two[8], four[8], eight[8];
#pragma GCC unroll 8
  for (std::size_t p = 0; p < 8; ++p, tile += 2 * stride)
    two[p] =
        _mm256_shuffle_epi8(_mm256_packs_epi16(Row::values(tile), Row::values(tile + stride)), zip);
#pragma GCC unroll 4
  for (std::size_t p = 0; p < 8; p += 2) {
    four[p] = _mm256_unpacklo_epi16(two[p], two[p + 1]);  // groups 0..3
    four[p + 1] = _mm256_unpackhi_epi16(two[p], two[p + 1]);
  }
#pragma GCC unroll 2
  for (std::size_t p = 0; p < 8; p += 4) {
    eight[p] = _mm256_unpacklo_epi32(four[p], four[p + 2]);  // groups 0 and 1
    eight[p + 1] = _mm256_unpackhi_epi32(four[p], four[p + 2]);
    eight[p + 2] = _mm256_unpacklo_epi32(four[p + 1], four[p + 3]);
    eight[p + 3] = _mm256_unpackhi_epi32(four[p + 1], four[p + 3]);
  }
  Turned v;
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    v.group[2 * i] = _mm256_unpacklo_epi64(eight[i], eight[i + 4]);
    v.group[2 * i + 1] = _mm256_unpackhi_epi64(eight[i], eight[i + 4]);
  }
  return v;
}

// Both nibbles of a byte; neither is above 15.
TERN_TARGET_AVX2 inline __m256i nibbles(__m256i low, __m256i high) {
  return _mm256_or_si256(low, _mm256_slli_epi16(high, 4));
}

// A half row of two steps of the same groups: that of the lower halves, that of the upper.
TERN_TARGET_AVX2 inline void store_halves(__m256i even, __m256i odd, std::uint8_t* lower,
                                          std::uint8_t* upper) {
  store(lower, _mm256_permute2x128_si256(even, odd, 0x20));
  if (upper != nullptr) store(upper, _mm256_permute2x128_si256(even, odd, 0x31));
}

// 32 rows and 32 columns, of which `steps` steps exist.
TERN_TARGET_AVX2 void pack_lut2_rows(const std::int8_t* tile, std::size_t stride, std::uint8_t* out,
                                     std::size_t steps) {
  const Turned low = turned_rows<Lut2Row>(tile, stride);
  const Turned high = turned_rows<Lut2Row>(tile + 16 * stride, stride);
  const __m256i zero = _mm256_set1_epi8(kLut2ZeroIndex);
  for (std::size_t s = 0; s < std::min<std::size_t>(4, steps); ++s, out += kLutStepBytes) {
    __m256i codes[2];
    for (std::size_t l = 0; l < 2; ++l)
      codes[l] = nibbles(_mm256_add_epi8(low.group[2 * s + l], zero),
                         _mm256_add_epi8(high.group[2 * s + l], zero));
    store_halves(codes[0], codes[1], out, s + 4 < steps ? out + 4 * kLutStepBytes : nullptr);
  }
}

// 32 rows and 48 columns, of which one or both blocks exist.
TERN_TARGET_AVX2 void pack_lut3_rows(const std::int8_t* tile, std::size_t stride, std::uint8_t* out,
                                     std::size_t blocks) {
  const Turned low = turned_rows<Lut3Row>(tile, stride);
  const Turned high = turned_rows<Lut3Row>(tile + 16 * stride, stride);
  const __m256i sign = _mm256_set1_epi8(-128);
  std::uint8_t* second = blocks == 2 ? out + kLut3Geometry.block_bytes : nullptr;
  __m256i signs[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
#pragma GCC unroll 4
  for (std::size_t s = 0; s < kLut3Steps; ++s) {
    __m256i codes[2];
    for (std::size_t l = 0; l < 2; ++l) {
      const __m256i a = low.group[2 * s + l], b = high.group[2 * s + l];
      codes[l] = nibbles(_mm256_abs_epi8(a), _mm256_abs_epi8(b));
      const __m256i two = _mm256_or_si256(_mm256_and_si256(a, sign),
                                          _mm256_srli_epi16(_mm256_and_si256(b, sign), 1));
      signs[l] = _mm256_or_si256(signs[l], _mm256_srli_epi16(two, static_cast<int>(2 * s)));
    }
    store_halves(codes[0], codes[1], out + s * kLutStepBytes,
                 second != nullptr ? second + s * kLutStepBytes : nullptr);
  }
  store_halves(signs[0], signs[1], out + kLut3Steps * kLutStepBytes,
               second != nullptr ? second + kLut3Steps * kLutStepBytes : nullptr);
}

}  // namespace

void pack_lut2_avx2(const std::int8_t* trits, std::size_t rows, std::size_t cols,
                    std::uint8_t* out) noexcept {
  for_lut_tiles<kLut2TileCols>(
      trits, rows, cols, kLut2Geometry,
      [out](const std::int8_t* tile, std::size_t stride, std::size_t block, std::size_t blocks) {
        std::uint8_t* to = out + block * kLutStepBytes;
        for (std::size_t s = 0; s < blocks; s += 8)
          for (std::size_t half = 0; half < 2; ++half)
            pack_lut2_rows(tile + 4 * s + 32 * half * stride, stride,
                           to + s * kLutStepBytes + 32 * half, blocks - s);
      });
}

void pack_lut3_avx2(const std::int8_t* trits, std::size_t rows, std::size_t cols,
                    std::uint8_t* out) noexcept {
  for_lut_tiles<kLut3TileCols>(
      trits, rows, cols, kLut3Geometry,
      [out](const std::int8_t* tile, std::size_t stride, std::size_t block, std::size_t blocks) {
        std::uint8_t* to = out + block * kLut3Geometry.block_bytes;
        for (std::size_t half = 0; half < 2; ++half)
          pack_lut3_rows(tile + 32 * half * stride, stride, to + 32 * half, blocks);
      });
}

}  // namespace tern::kernels
