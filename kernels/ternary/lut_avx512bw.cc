// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 BW: the AVX2 kernels with all 64 rows of a step in one register, half the instructions.
// Signs become mask registers, one vptestmb against the bit of the step, and one masked
// subtraction from -1 complements: lut3 takes 9.25 operations for 64 indices (192 weights), lut2
// 6.25 (128 weights).

#include <algorithm>

#include "kernels/ternary/lut_matmul.h"
#include "kernels/ternary/lut_x86.h"

namespace tern::kernels {

namespace {

// As in lut_avx2.cc: keeps loads single and additions in order.
TERN_TARGET_AVX512BW inline __m512i held(__m512i value) {
  asm volatile("" : "+v"(value));
  return value;
}

// Weights, with the line kLutAheadBytes further on fetched into the L2 cache: a prefetch never
// faults, so it may point past the end.
TERN_TARGET_AVX512BW inline __m512i load_ahead(const std::uint8_t* at) {
  __m512i value = _mm512_loadu_si512(at);
  asm volatile("prefetcht1 %c2(%1)" : "+v"(value) : "r"(at), "i"(kLutAheadBytes));
  return value;
}

// The two tables of a step, for both halves of its rows.
TERN_TARGET_AVX512BW inline __m512i load_table(const std::uint8_t* at) {
  return held(_mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))));
}

struct Bytes {
  __m512i low0, high0, low1, high1;
};

TERN_TARGET_AVX512BW inline Bytes start(int value) {
  const __m512i v = _mm512_set1_epi8(static_cast<char>(value));
  return {v, v, v, v};
}

struct Indices {
  __m512i nibble0, nibble1;
};

TERN_TARGET_AVX512BW inline Indices indices(const std::uint8_t* step) {
  const __m512i nibble = _mm512_set1_epi8(15), codes = load_ahead(step);
  return {_mm512_and_si512(codes, nibble), _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble)};
}

// LutWords of 64 rows.
struct Words {
  __m512i all, odd;
};
struct Widened {
  Words low0, high0, low1, high1;
};

TERN_TARGET_AVX512BW inline void clear(Widened& sums) {
  const __m512i zero = _mm512_setzero_si512();
  sums = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
}

TERN_TARGET_AVX512BW inline void widen(Words& sums, __m512i bytes) {
  sums.all = _mm512_add_epi16(sums.all, bytes);
  sums.odd = _mm512_add_epi16(sums.odd, _mm512_srli_epi16(bytes, 8));
}

TERN_TARGET_AVX512BW inline void widen(Widened& sums, const Bytes& bytes) {
  widen(sums.low0, bytes.low0);
  widen(sums.high0, bytes.high0);
  widen(sums.low1, bytes.low1);
  widen(sums.high1, bytes.high1);
}

// y[0, 16) and y[32, 48) += the sums of a nibble.
template <int Scale>
TERN_TARGET_AVX512BW inline void add_rows(const Words& low, const Words& high, std::int32_t* y) {
  lut_add_rows<Scale>(LutWords{_mm512_castsi512_si256(low.all), _mm512_castsi512_si256(low.odd)},
                      LutWords{_mm512_castsi512_si256(high.all), _mm512_castsi512_si256(high.odd)},
                      y);
  lut_add_rows<Scale>(
      LutWords{_mm512_extracti64x4_epi64(low.all, 1), _mm512_extracti64x4_epi64(low.odd, 1)},
      LutWords{_mm512_extracti64x4_epi64(high.all, 1), _mm512_extracti64x4_epi64(high.odd, 1)},
      y + 32);
}

template <int Scale>
TERN_TARGET_AVX512BW inline void add_rows(const Widened& sums, std::int32_t* y) {
  add_rows<Scale>(sums.low0, sums.high0, y);
  add_rows<Scale>(sums.low1, sums.high1, y + 16);
}

struct Lut2 : Lut2X86 {
  TERN_TARGET_AVX512BW static __m512i add(__m512i sum, __m512i table, __m512i index) {
    return held(_mm512_add_epi8(sum, _mm512_shuffle_epi8(table, index)));
  }

  TERN_TARGET_AVX512BW static void add(Bytes& sums, const std::uint8_t* table, const Indices& i) {
    const __m512i low = load_table(table), high = load_table(table + 32);
    sums.low0 = add(sums.low0, low, i.nibble0);
    sums.high0 = add(sums.high0, high, i.nibble0);
    sums.low1 = add(sums.low1, low, i.nibble1);
    sums.high1 = add(sums.high1, high, i.nibble1);
  }

  // Adds `blocks` <= kBlocksPerWidening blocks for T tokens.
  template <std::size_t T>
  TERN_TARGET_AVX512BW [[gnu::always_inline]] static inline void look_up(
      const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table, std::size_t table_bytes,
      Widened& sums0, Widened& sums1) {
    Bytes token0 = start(0), token1 = start(0);
#pragma GCC unroll 8
    for (std::size_t b = 0; b < blocks; ++b, w += kLutStepBytes, table += kLutTableBytes) {
      const Indices i = indices(w);
      add(token0, table, i);
      if constexpr (T == 2) add(token1, table + table_bytes, i);
    }
    widen(sums0, token0);
    if constexpr (T == 2) widen(sums1, token1);
  }
};

struct Lut3 : Lut3X86 {
  struct Signs {
    __mmask64 nibble0, nibble1;
  };

  TERN_TARGET_AVX512BW static Signs signs(__m512i bits, std::size_t step) {
    const auto bit = [](std::size_t shift) { return static_cast<char>(1u << shift); };
    return {_mm512_test_epi8_mask(bits, _mm512_set1_epi8(bit(lut3_sign_shift(step, 0)))),
            _mm512_test_epi8_mask(bits, _mm512_set1_epi8(bit(lut3_sign_shift(step, 4))))};
  }

  TERN_TARGET_AVX512BW static __m512i add(__m512i sum, __m512i table, __m512i index,
                                          __mmask64 sign) {
    const __m512i v = _mm512_shuffle_epi8(table, index);
    return held(_mm512_add_epi8(sum, _mm512_mask_sub_epi8(v, sign, _mm512_set1_epi8(-1), v)));
  }

  TERN_TARGET_AVX512BW static void add(Bytes& sums, const std::uint8_t* table, const Indices& i,
                                       const Signs& s) {
    const __m512i low = load_table(table), high = load_table(table + 32);
    sums.low0 = add(sums.low0, low, i.nibble0, s.nibble0);
    sums.high0 = add(sums.high0, high, i.nibble0, s.nibble0);
    sums.low1 = add(sums.low1, low, i.nibble1, s.nibble1);
    sums.high1 = add(sums.high1, high, i.nibble1, s.nibble1);
  }

  template <std::size_t T>
  TERN_TARGET_AVX512BW [[gnu::always_inline]] static inline void look_up(
      const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table, std::size_t table_bytes,
      Widened& sums0, Widened& sums1) {
    Bytes token0 = start(kLut3Start), token1 = start(kLut3Start);
#pragma GCC unroll 2
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::uint8_t* block = w + b * kGeometry.block_bytes;
      const __m512i bits = load_ahead(block + kLut3Steps * kLutStepBytes);
#pragma GCC unroll 4
      for (std::size_t s = 0; s < kLut3Steps; ++s, table += kLutTableBytes) {
        const Indices i = indices(block + s * kLutStepBytes);
        const Signs of_step = signs(bits, s);
        add(token0, table, i, of_step);
        if constexpr (T == 2) add(token1, table + table_bytes, i, of_step);
      }
    }
    widen(sums0, token0);
    if constexpr (T == 2) widen(sums1, token1);
  }
};

// y[t][r] = the sums of one panel times T tokens.
template <typename Lut, std::size_t T>
TERN_TARGET_AVX512BW void add_panel(const std::uint8_t* w, std::size_t blocks,
                                    const std::uint8_t* table, std::size_t table_bytes,
                                    std::int32_t (*y)[kLutPanelRows]) {
  constexpr std::size_t kGroup = Lut::kBlocksPerWidening;
  constexpr std::size_t kTableStep = Lut::kStepsPerBlock * kLutTableBytes;
  for (std::size_t t = 0; t < T; ++t) std::fill_n(y[t], kLutPanelRows, Lut::offset(blocks));
  while (blocks != 0) {
    const std::size_t now = std::min(blocks, kLutWidenings * kGroup);
    blocks -= now;
    Widened sums0, sums1;
    clear(sums0);
    clear(sums1);
    for (std::size_t i = 0; i < now / kGroup; ++i) {
      Lut::template look_up<T>(w, kGroup, table, table_bytes, sums0, sums1);
      w += kGroup * Lut::kGeometry.block_bytes;
      table += kGroup * kTableStep;
    }
    if (now % kGroup != 0)
      Lut::template look_up<T>(w, now % kGroup, table, table_bytes, sums0, sums1);
    add_rows<Lut::kScale>(sums0, y[0]);
    if constexpr (T == 2) add_rows<Lut::kScale>(sums1, y[1]);
  }
}

template <typename Lut>
struct Avx512Bw : Lut {
  static constexpr std::size_t kTokens = 2;

  template <std::size_t T>
  static void panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
                    std::size_t table_bytes, std::int32_t (*y)[kLutPanelRows]) {
    add_panel<Lut, T>(w, blocks, table, table_bytes, y);
  }
};

}  // namespace

void matmul_lut2_avx512bw(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                          std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Avx512Bw<Lut2>>(w, x, ldx, tokens, y, ldy);
}

void matmul_lut3_avx512bw(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                          std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Avx512Bw<Lut3>>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
