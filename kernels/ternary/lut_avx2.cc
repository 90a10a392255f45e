// SPDX-License-Identifier: Apache-2.0
//
// AVX2: 32 look-ups per vpshufb, of the low and of the high bytes of the sums (lut.h); bytes are
// added eight times before they are widened.
// Per 32 indices, lut2 (64 weights): 1.5 operations to extract them, 2 vpshufb, 2 additions, 0.75
// to widen: 6.25. lut3 (96 weights): 2 more for the mask of the signs and 2 to apply it: 10.25. Of
// either, 2.75 need one of the two shuffle ports, so that the four vector ports of Zen 4 bind: 41
// and 37 weights a cycle at most; 34 and 31 were measured. The multiply-add kernel needs 15
// operations for 128 weights: 34 a cycle at most, 25 measured.

#include <algorithm>

#include "kernels/ternary/lut_matmul.h"
#include "kernels/ternary/lut_x86.h"

namespace tern::kernels {

namespace {

// An empty statement that gcc cannot look through. It would load a value again for every use, and
// turn chains of additions into trees whose leaves do not fit the registers.
TERN_TARGET_AVX2 inline __m256i held(__m256i value) {
  asm volatile("" : "+x"(value));
  return value;
}

TERN_TARGET_AVX2 inline __m256i load(const void* at) {
  return held(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
}

// The same for weights, with the line kLutAheadBytes further on fetched into the L2 cache: a
// prefetch never faults, so it may point past the end.
TERN_TARGET_AVX2 inline __m256i load_ahead(const std::uint8_t* at) {
  __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  asm volatile("prefetcht1 %c2(%1)" : "+x"(value) : "r"(at), "i"(kLutAheadBytes));
  return value;
}

TERN_TARGET_AVX2 inline __m256i codes(const std::uint8_t* at, bool ahead) {
  return ahead ? load_ahead(at) : load(at);
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

struct Widened {
  LutWords low0, high0, low1, high1;
};

TERN_TARGET_AVX2 inline void clear(Widened& sums) {
  const __m256i zero = _mm256_setzero_si256();
  sums = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
}

TERN_TARGET_AVX2 inline void widen(LutWords& sums, __m256i bytes) {
  sums.all = _mm256_add_epi16(sums.all, bytes);
  sums.odd = _mm256_add_epi16(sums.odd, _mm256_srli_epi16(bytes, 8));
}

TERN_TARGET_AVX2 inline void widen(Widened& sums, const Bytes& bytes) {
  widen(sums.low0, bytes.low0);
  widen(sums.high0, bytes.high0);
  widen(sums.low1, bytes.low1);
  widen(sums.high1, bytes.high1);
}

struct Lut2 : Lut2X86 {
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

struct Lut3 : Lut3X86 {
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
        const std::uint8_t* signs = block + kLut3Steps * kLutStepBytes;
        __m256i bits = codes(signs, h == 1);
#pragma GCC unroll 4
        for (std::size_t s = 0; s < kLut3Steps; ++s)
          add(half, table + (b * kLut3Steps + s) * kLutTableBytes,
              indices(codes(block + s * kLutStepBytes, s % 2 == h)), next_signs(bits));
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
TERN_TARGET_AVX2 void add_panel(const std::uint8_t* w, std::size_t blocks,
                                const std::uint8_t* table, std::size_t table_bytes,
                                std::int32_t (*y)[kLutPanelRows]) {
  constexpr std::size_t kGroup = Lut::kBlocksPerWidening;
  constexpr std::size_t kGroupBytes = kGroup * Lut::kGeometry.block_bytes;
  constexpr std::size_t kTableStep = Lut::kStepsPerBlock * kLutTableBytes;
  for (std::size_t t = 0; t < T; ++t) std::fill_n(y[t], kLutPanelRows, Lut::offset(blocks));
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
    if (now % kGroup != 0) add_blocks<Lut, T>(w, now % kGroup, table, table_bytes, sums);
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t h = 0; h < 2; ++h) {
        const Widened& half = sums[t][h];
        lut_add_rows<Lut::kScale>(half.low0, half.high0, y[t] + 32 * h);
        lut_add_rows<Lut::kScale>(half.low1, half.high1, y[t] + 32 * h + 16);
      }
  }
}

template <typename Lut>
struct Avx2 : Lut {
  static constexpr std::size_t kTokens = 2;

  template <std::size_t T>
  static void panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
                    std::size_t table_bytes, std::int32_t (*y)[kLutPanelRows]) {
    add_panel<Lut, T>(w, blocks, table, table_bytes, y);
  }
};

}  // namespace

void matmul_lut2_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Avx2<Lut2>>(w, x, ldx, tokens, y, ldy);
}

void matmul_lut3_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Avx2<Lut3>>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
