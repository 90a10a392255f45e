// SPDX-License-Identifier: Apache-2.0
//
// AVX2: 32 look-ups per vpshufb, of the low and of the high bytes of the sums (lut.h); bytes are
// added eight times before they are widened.

#include <algorithm>
#include <cstring>

#include "kernels/ternary/lut.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

// Weights are fetched this far ahead, into the L2 cache: the L1 cache holds the tables. Zen 4, 2560
// columns from memory: 9 GB/s without it, 15 into L1 at the best distance, 25 into L2 at 8 to
// 128 KB, where the multiply-add kernel reads 21.
constexpr std::size_t kAheadBytes = std::size_t{12} << 10;

// An empty statement that gcc cannot look through. It would load a value again for every use, and
// turn chains of additions into trees whose leaves do not fit the registers.
TERN_TARGET_AVX2 inline __m256i held(__m256i value) {
  asm("" : "+x"(value));
  return value;
}

TERN_TARGET_AVX2 inline __m256i load(const void* at) {
  return held(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
}

// The same for weights, with the line kAheadBytes further on fetched into the L2 cache: a prefetch
// never faults, so it may point past the end.
TERN_TARGET_AVX2 inline __m256i load_ahead(const std::uint8_t* at) {
  __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  asm("prefetcht1 %c2(%1)" : "+x"(value) : "r"(at), "i"(kAheadBytes));
  return value;
}

// Sums in bytes of 32 rows by two groups: their low and high parts, of nibble 0 and of nibble 1.
// Named, not an array: gcc keeps arrays of registers in memory.
struct Bytes {
  __m256i low0, high0, low1, high1;
};

TERN_TARGET_AVX2 inline Bytes start(int value) {
  const __m256i v = _mm256_set1_epi8(static_cast<char>(value));
  return {v, v, v, v};
}

// The indices of 32 rows: nibbles 0 and 1.
struct Indices {
  __m256i nibble0, nibble1;
};

TERN_TARGET_AVX2 inline Indices indices(__m256i codes) {
  const __m256i nibble = _mm256_set1_epi8(15);
  return {_mm256_and_si256(codes, nibble), _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble)};
}

// The 16-bit sums of bytes b of a register: `all` of b[2 i] + 256 b[2 i + 1] modulo 2^16, `odd` of
// b[2 i + 1]. Two additions and a shift, where unpacking takes four operations.
struct Words {
  __m256i all, odd;
};
struct Widened {
  Words low0, high0, low1, high1;
};

TERN_TARGET_AVX2 inline void clear(Widened& sums) {
  const __m256i zero = _mm256_setzero_si256();
  sums = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
}

TERN_TARGET_AVX2 inline void widen(Words& sums, __m256i bytes) {
  sums.all = _mm256_add_epi16(sums.all, bytes);
  sums.odd = _mm256_add_epi16(sums.odd, _mm256_srli_epi16(bytes, 8));
}

TERN_TARGET_AVX2 inline void widen(Widened& sums, const Bytes& bytes) {
  widen(sums.low0, bytes.low0);
  widen(sums.high0, bytes.high0);
  widen(sums.low1, bytes.low1);
  widen(sums.high1, bytes.high1);
}

// Both groups of 16-bit lanes: 8 sums.
TERN_TARGET_AVX2 inline __m256i sum_groups(__m256i sums16) {
  return _mm256_add_epi32(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums16)),
                          _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sums16, 1)));
}

// low + Scale high, for a scale of 32 or 31.
template <int Scale>
TERN_TARGET_AVX2 inline __m256i join(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, 5));
  if constexpr (Scale == 32) return sum;
  return _mm256_sub_epi32(sum, high);
}

// y[0, 16) += the sums of the 16 rows of a nibble.
template <int Scale>
TERN_TARGET_AVX2 inline void add_rows(const Words& low, const Words& high, std::int32_t* y) {
  const __m256i odds = join<Scale>(sum_groups(low.odd), sum_groups(high.odd));
  const __m256i evens =
      join<Scale>(sum_groups(_mm256_sub_epi16(low.all, _mm256_slli_epi16(low.odd, 8))),
                  sum_groups(_mm256_sub_epi16(high.all, _mm256_slli_epi16(high.odd, 8))));
  const __m256i a = _mm256_unpacklo_epi32(evens, odds), b = _mm256_unpackhi_epi32(evens, odds);
  __m256i* at = reinterpret_cast<__m256i*>(y);
  _mm256_storeu_si256(at, _mm256_add_epi32(load(at), _mm256_permute2x128_si256(a, b, 0x20)));
  _mm256_storeu_si256(at + 1,
                      _mm256_add_epi32(load(at + 1), _mm256_permute2x128_si256(a, b, 0x31)));
}

// ---- lut2 ------------------------------------------------------------------------------------

struct Lut2 {
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
      store_table(_mm256_and_si256(v, low_bits), _mm256_srli_epi16(v, 5), table, g);
    }
  }

  TERN_TARGET_AVX2 static void store_table(__m256i low, __m256i high, std::uint8_t* table,
                                           std::size_t g) {
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0b11'01'10'00);
    std::uint8_t* at = table + g / 2 * kLutTableBytes + g % 2 * 16;
    _mm_store_si128(reinterpret_cast<__m128i*>(at), _mm256_castsi256_si128(bytes));
    _mm_store_si128(reinterpret_cast<__m128i*>(at + 32), _mm256_extracti128_si256(bytes, 1));
  }

  TERN_TARGET_AVX2 static __m256i add(__m256i sum, __m256i table, __m256i index) {
    return held(_mm256_add_epi8(sum, _mm256_shuffle_epi8(table, index)));
  }

  // sums += the entries of a step's table.
  TERN_TARGET_AVX2 static void add(Bytes& sums, const std::uint8_t* table, const Indices& i) {
    const __m256i low = load(table), high = load(table + 32);
    sums.low0 = add(sums.low0, low, i.nibble0);
    sums.high0 = add(sums.high0, high, i.nibble0);
    sums.low1 = add(sums.low1, low, i.nibble1);
    sums.high1 = add(sums.high1, high, i.nibble1);
  }

  // Adds `blocks` <= kBlocksPerWidening blocks. One token: both halves of the rows at once, which
  // share the loads of the tables.
  TERN_TARGET_AVX2 [[gnu::always_inline]] static inline void look_up(const std::uint8_t* w,
                                                                     std::size_t blocks,
                                                                     const std::uint8_t* table,
                                                                     Widened (&sums)[2]) {
    Bytes half0 = start(0), half1 = start(0);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < blocks; ++b, w += kLutStepBytes, table += kLutTableBytes) {
      add(half0, table, indices(load_ahead(w)));
      add(half1, table, indices(load(w + 32)));
    }
    widen(sums[0], half0);
    widen(sums[1], half1);
  }

  // Two tokens: rows of one half, whose indices they share.
  TERN_TARGET_AVX2 [[gnu::always_inline]] static inline void look_up(
      const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table0,
      const std::uint8_t* table1, Widened& sums0, Widened& sums1) {
    Bytes token0 = start(0), token1 = start(0);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < blocks; ++b) {
      const Indices i = indices(load_ahead(w + b * kLutStepBytes));
      add(token0, table0 + b * kLutTableBytes, i);
      add(token1, table1 + b * kLutTableBytes, i);
    }
    widen(sums0, token0);
    widen(sums1, token1);
  }
};

// ---- lut3 ------------------------------------------------------------------------------------

struct Lut3 {
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
      Lut2::store_table(_mm256_sub_epi16(_mm256_sub_epi16(v, bias), high_31), high, table, g);
    }
  }

  struct Signs {
    __m256i nibble0, nibble1;  // masks
  };

  // Of the next step, from the top bits.
  TERN_TARGET_AVX2 static Signs next_signs(__m256i& bits) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i nibble0 = _mm256_cmpgt_epi8(zero, bits);
    bits = _mm256_add_epi8(bits, bits);
    const __m256i nibble1 = _mm256_cmpgt_epi8(zero, bits);
    bits = _mm256_add_epi8(bits, bits);
    return {nibble0, nibble1};
  }

  TERN_TARGET_AVX2 static __m256i add(__m256i sum, __m256i table, __m256i index, __m256i sign) {
    return held(_mm256_add_epi8(sum, _mm256_xor_si256(_mm256_shuffle_epi8(table, index), sign)));
  }

  TERN_TARGET_AVX2 static void add(Bytes& sums, const std::uint8_t* table, const Indices& i,
                                   const Signs& s) {
    const __m256i low = load(table), high = load(table + 32);
    sums.low0 = add(sums.low0, low, i.nibble0, s.nibble0);
    sums.high0 = add(sums.high0, high, i.nibble0, s.nibble0);
    sums.low1 = add(sums.low1, low, i.nibble1, s.nibble1);
    sums.high1 = add(sums.high1, high, i.nibble1, s.nibble1);
  }

  TERN_TARGET_AVX2 [[gnu::always_inline]] static inline void look_up(const std::uint8_t* w,
                                                                     std::size_t blocks,
                                                                     const std::uint8_t* table,
                                                                     Widened (&sums)[2]) {
#pragma GCC unroll 2
    for (std::size_t h = 0; h < 2; ++h) {
      Bytes half = start(kLut3Start);
#pragma GCC unroll 2
      for (std::size_t b = 0; b < blocks; ++b) {
        const std::uint8_t* block = w + b * kGeometry.block_bytes + 32 * h;
        __m256i bits = load_ahead(block + kLut3Steps * kLutStepBytes);
#pragma GCC unroll 4
        for (std::size_t s = 0; s < kLut3Steps; ++s)
          add(half, table + (b * kLut3Steps + s) * kLutTableBytes,
              indices(load_ahead(block + s * kLutStepBytes)), next_signs(bits));
      }
      widen(sums[h], half);
    }
  }

  TERN_TARGET_AVX2 [[gnu::always_inline]] static inline void look_up(
      const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table0,
      const std::uint8_t* table1, Widened& sums0, Widened& sums1) {
    Bytes token0 = start(kLut3Start), token1 = start(kLut3Start);
#pragma GCC unroll 2
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::uint8_t* block = w + b * kGeometry.block_bytes;
      __m256i bits = load_ahead(block + kLut3Steps * kLutStepBytes);
#pragma GCC unroll 4
      for (std::size_t s = 0; s < kLut3Steps; ++s) {
        const std::size_t at = (b * kLut3Steps + s) * kLutTableBytes;
        const Indices i = indices(load_ahead(block + s * kLutStepBytes));
        const Signs signs = next_signs(bits);
        add(token0, table0 + at, i, signs);
        add(token1, table1 + at, i, signs);
      }
    }
    widen(sums0, token0);
    widen(sums1, token1);
  }
};

// ---- both ------------------------------------------------------------------------------------

// Adds `blocks` blocks to the sums of T tokens, whose tables lie `table_bytes` apart.
template <typename Lut, std::size_t T>
TERN_TARGET_AVX2 [[gnu::always_inline]] inline void add_blocks(const std::uint8_t* w,
                                                               std::size_t blocks,
                                                               const std::uint8_t* table,
                                                               std::size_t table_bytes,
                                                               Widened (&sums)[T][2]) {
  if constexpr (T == 1) {
    Lut::look_up(w, blocks, table, sums[0]);
  } else {
    Lut::look_up(w, blocks, table, table + table_bytes, sums[0][0], sums[1][0]);
    Lut::look_up(w + 32, blocks, table, table + table_bytes, sums[0][1], sums[1][1]);
  }
}

// y[t][r] = the sums of one panel times T tokens.
template <typename Lut, std::size_t T>
TERN_TARGET_AVX2 void panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
                            std::size_t table_bytes, std::int32_t (&y)[T][kLutPanelRows]) {
  constexpr std::size_t kGroup = Lut::kBlocksPerWidening;
  constexpr std::size_t kGroupBytes = kGroup * Lut::kGeometry.block_bytes;
  constexpr std::size_t kTableStep = Lut::kStepsPerBlock * kLutTableBytes;
  for (auto& of_token : y) std::fill_n(of_token, kLutPanelRows, Lut::offset(blocks));
  while (blocks != 0) {
    const std::size_t now = std::min(blocks, kLutWidenings * kGroup);
    blocks -= now;
    Widened sums[T][2];
    for (auto& of_token : sums)
      for (Widened& half : of_token) clear(half);
    for (std::size_t i = 0; i < now / kGroup; ++i) {
      add_blocks<Lut, T>(w, kGroup, table, table_bytes, sums);
      w += kGroupBytes;
      table += kGroup * kTableStep;
    }
    if (now % kGroup != 0) {
      add_blocks<Lut, T>(w, now % kGroup, table, table_bytes, sums);
      w += now % kGroup * Lut::kGeometry.block_bytes;
      table += now % kGroup * kTableStep;
    }
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t h = 0; h < 2; ++h) {
        const Widened& half = sums[t][h];
        add_rows<Lut::kScale>(half.low0, half.high0, y[t] + 32 * h);
        add_rows<Lut::kScale>(half.low1, half.high1, y[t] + 32 * h + 16);
      }
  }
}

template <typename Lut, std::size_t T>
void store_panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
                 std::size_t table_bytes, std::size_t rows, std::int32_t* y, std::size_t ldy) {
  alignas(32) std::int32_t sums[T][kLutPanelRows];
  panel<Lut, T>(w, blocks, table, table_bytes, sums);
  for (std::size_t t = 0; t < T; ++t)
    std::memcpy(y + t * ldy, sums[t], rows * sizeof(std::int32_t));
}

template <typename Lut>
void matmul(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
            std::int32_t* y, std::size_t ldy) {
  const std::size_t blocks = Lut::kGeometry.blocks(w.cols);
  const std::size_t table_bytes = blocks * Lut::kStepsPerBlock * kLutTableBytes;
  const std::size_t group = std::min(lut_token_group(table_bytes), tokens);
  std::uint8_t* tables = lut_scratch(group * table_bytes);
  for (std::size_t t = 0; t < tokens; t += group) {
    const std::size_t count = std::min(group, tokens - t);
    for (std::size_t i = 0; i < count; ++i)
      Lut::make_tables(x + (t + i) * ldx, blocks, tables + i * table_bytes);
    for (std::size_t r = 0; r < w.rows; r += kLutPanelRows) {
      const std::uint8_t* at = w.data + r / kLutPanelRows * Lut::kGeometry.panel_bytes(w.cols);
      const std::size_t rows = std::min(kLutPanelRows, w.rows - r);
      std::size_t i = 0;
      for (; i + 2 <= count; i += 2)
        store_panel<Lut, 2>(at, blocks, tables + i * table_bytes, table_bytes, rows,
                            y + (t + i) * ldy + r, ldy);
      if (i < count)
        store_panel<Lut, 1>(at, blocks, tables + i * table_bytes, table_bytes, rows,
                            y + (t + i) * ldy + r, ldy);
    }
  }
}

}  // namespace

void matmul_lut2_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul<Lut2>(w, x, ldx, tokens, y, ldy);
}

void matmul_lut3_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul<Lut3>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
