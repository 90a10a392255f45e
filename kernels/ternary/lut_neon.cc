// SPDX-License-Identifier: Apache-2.0
//
// NEON: 16 look-ups per TBL, of the low and of the high bytes of the sums (lut.h). Both groups of a
// step add to the same bytes, which are widened after four steps, by one instruction per 8 rows.
// Per 16 codes: 1 to extract them, 2 TBL, 2 additions, 1 (4 in 4) to widen; lut3 adds 2 for the
// mask of its signs and 2 to apply it.

#include <arm_neon.h>

#include <algorithm>

#include "kernels/ternary/lut_matmul.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kSteps = kLutAdds / kLutStepGroups;  // between widenings
constexpr std::size_t kSets = kLutPanelRows / 16;          // registers of 16 rows

// (x & keep) ^ flip is x, 0 or -1 - x: a sign applied, but for 1 that the caller adds per flip.
struct Sign {
  int16x8_t keep, flip;
};

inline Sign signs(const std::int8_t* of_weights) {
  const int16x8_t w = vmovl_s8(vld1_s8(of_weights));
  return {vreinterpretq_s16_u16(vtstq_s16(w, w)), vshrq_n_s16(w, 15)};
}

inline int16x8_t apply(const Sign& sign, std::int8_t x) {
  return vsubq_s16(veorq_s16(vandq_s16(vdupq_n_s16(x), sign.keep), sign.flip), sign.flip);
}

// Low and high bytes of 8 entries.
struct Entries {
  uint8x8_t low, high;
};

inline void store(const Entries& first, const Entries& second, std::uint8_t* table,
                  std::size_t group) {
  std::uint8_t* at = table + group / 2 * kLutTableBytes + group % 2 * 16;
  vst1q_u8(at, vcombine_u8(first.low, second.low));
  vst1q_u8(at + 32, vcombine_u8(first.high, second.high));
}

struct Lut2 {
  static constexpr Geometry kGeometry = kLut2Geometry;
  static constexpr int kScale = 32;
  static constexpr std::uint8_t kStart = 0;
  static constexpr std::size_t kStepsPerBlock = 1;

  static std::int32_t offset(std::size_t blocks) {
    return -kLut2Bias * static_cast<std::int32_t>(blocks * kLutStepGroups);
  }

  static void make_tables(const std::int8_t* x, std::size_t blocks, std::uint8_t* table) {
    constexpr std::int8_t kA[16] = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
    constexpr std::int8_t kB[16] = {-1, 0, 1, -1, 0, 1, -1, 0, 1};
    const Sign a[2] = {signs(kA), signs(kA + 8)}, b[2] = {signs(kB), signs(kB + 8)};
    const auto entries = [](int16x8_t v) {
      const uint16x8_t biased = vreinterpretq_u16_s16(vaddq_s16(v, vdupq_n_s16(kLut2Bias)));
      return Entries{vmovn_u16(vandq_u16(biased, vdupq_n_u16(31))), vshrn_n_u16(biased, 5)};
    };
    for (std::size_t g = 0; g < blocks * kLutStepGroups; ++g, x += 2)
      store(entries(vaddq_s16(apply(a[0], x[0]), apply(b[0], x[1]))),
            entries(vaddq_s16(apply(a[1], x[0]), apply(b[1], x[1]))), table, g);
  }
};

struct Lut3 {
  static constexpr Geometry kGeometry = kLut3Geometry;
  static constexpr int kScale = 31;
  static constexpr std::uint8_t kStart = kLut3Start;
  static constexpr std::size_t kStepsPerBlock = kLut3Steps;

  static std::int32_t offset(std::size_t blocks) {
    const auto steps = static_cast<std::int32_t>(blocks * kLut3Steps);
    constexpr std::int32_t kGroups = kLutStepGroups, kStepsPerStart = kSteps;
    static_assert(kLut3Steps % kSteps == 0);
    return steps * kGroups * kLut3Bias - steps / kStepsPerStart * kLut3Start * 32;
  }

  static void make_tables(const std::int8_t* x, std::size_t blocks, std::uint8_t* table) {
    constexpr std::int8_t kA[16] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    constexpr std::int8_t kB[16] = {0, 0, 1, 1, 1, -1, -1, -1, 0, 0, 0, 1, 1, 1};
    constexpr std::int8_t kC[16] = {0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1};
    const Sign a[2] = {signs(kA), signs(kA + 8)}, b[2] = {signs(kB), signs(kB + 8)},
               c[2] = {signs(kC), signs(kC + 8)};
    const auto entries = [](int16x8_t v) {
      const int16x8_t high = vshrq_n_s16(vsraq_n_s16(v, v, 5), 5);
      const int16x8_t high_31 = vsubq_s16(vshlq_n_s16(high, 5), high);
      const int16x8_t low = vsubq_s16(vsubq_s16(v, vdupq_n_s16(kLut3Bias)), high_31);
      return Entries{vmovn_u16(vreinterpretq_u16_s16(low)), vmovn_u16(vreinterpretq_u16_s16(high))};
    };
    for (std::size_t g = 0; g < blocks * kLut3Steps * kLutStepGroups; ++g, x += 3) {
      const auto sum = [&](std::size_t i) {
        return vaddq_s16(vaddq_s16(apply(a[i], x[0]), apply(b[i], x[1])), apply(c[i], x[2]));
      };
      store(entries(sum(0)), entries(sum(1)), table, g);
    }
  }
};

// As in lut_avx2.cc: without it gcc turns chains of additions into trees.
inline uint8x16_t held(uint8x16_t value) {
  asm("" : "+w"(value));
  return value;
}

// Sums of 32 rows: low and high parts, of nibble 0 and of nibble 1. Named, not arrays, which gcc
// keeps in memory.
struct Bytes {
  uint8x16_t low0, high0, low1, high1;
};

inline uint8x16_t add(uint8x16_t sum, uint8x16_t table, uint8x16_t index) {
  return held(vaddq_u8(sum, vqtbl1q_u8(table, index)));
}
inline uint8x16_t add(uint8x16_t sum, uint8x16_t table, uint8x16_t index, uint8x16_t sign) {
  return held(vaddq_u8(sum, veorq_u8(vqtbl1q_u8(table, index), sign)));
}

inline uint8x16_t nibble0(uint8x16_t codes) { return vandq_u8(codes, vdupq_n_u8(15)); }
inline uint8x16_t nibble1(uint8x16_t codes) { return vshrq_n_u8(codes, 4); }

// One group of a step.
inline void add_group(const std::uint8_t* step, const std::uint8_t* table, Bytes& sums) {
  const uint8x16_t codes = vld1q_u8(step), low = vld1q_u8(table), high = vld1q_u8(table + 32);
  const uint8x16_t index0 = nibble0(codes), index1 = nibble1(codes);
  sums.low0 = add(sums.low0, low, index0);
  sums.high0 = add(sums.high0, high, index0);
  sums.low1 = add(sums.low1, low, index1);
  sums.high1 = add(sums.high1, high, index1);
}

// The same with the signs of the group in the top bits of `bits`, which move on.
inline void add_group(const std::uint8_t* step, const std::uint8_t* table, int8x16_t& bits,
                      Bytes& sums) {
  const uint8x16_t codes = vld1q_u8(step), low = vld1q_u8(table), high = vld1q_u8(table + 32);
  const uint8x16_t index0 = nibble0(codes), index1 = nibble1(codes);
  const uint8x16_t sign0 = vcltzq_s8(bits);
  bits = vaddq_s8(bits, bits);
  const uint8x16_t sign1 = vcltzq_s8(bits);
  bits = vaddq_s8(bits, bits);
  sums.low0 = add(sums.low0, low, index0, sign0);
  sums.high0 = add(sums.high0, high, index0, sign0);
  sums.low1 = add(sums.low1, low, index1, sign1);
  sums.high1 = add(sums.high1, high, index1, sign1);
}

// 16-bit sums of 16 rows.
struct Words {
  uint16x8_t low[2], high[2];
};

inline void widen(uint8x16_t low, uint8x16_t high, Words& words) {
  words.low[0] = vaddw_u8(words.low[0], vget_low_u8(low));
  words.low[1] = vaddw_high_u8(words.low[1], low);
  words.high[0] = vaddw_u8(words.high[0], vget_low_u8(high));
  words.high[1] = vaddw_high_u8(words.high[1], high);
}

// Steps that are widened at once: up to kSteps of lut2, one block of lut3.
template <typename Lut>
inline void add_steps(const std::uint8_t* w, std::size_t steps, const std::uint8_t* table,
                      Words (&sums)[kSets]) {
  for (std::size_t h = 0; h < 2; ++h, w += 32) {
    const uint8x16_t start = vdupq_n_u8(Lut::kStart);
    Bytes bytes = {start, start, start, start};
    if constexpr (Lut::kStepsPerBlock == 1) {
      for (std::size_t s = 0; s < steps; ++s) {
        add_group(w + s * kLutStepBytes, table + s * kLutTableBytes, bytes);
        add_group(w + s * kLutStepBytes + 16, table + s * kLutTableBytes + 16, bytes);
      }
    } else {
      const auto* at = reinterpret_cast<const std::int8_t*>(w + kLut3Steps * kLutStepBytes);
      int8x16_t bits0 = vld1q_s8(at), bits1 = vld1q_s8(at + 16);
      for (std::size_t s = 0; s < kLut3Steps; ++s) {
        add_group(w + s * kLutStepBytes, table + s * kLutTableBytes, bits0, bytes);
        add_group(w + s * kLutStepBytes + 16, table + s * kLutTableBytes + 16, bits1, bytes);
      }
    }
    widen(bytes.low0, bytes.high0, sums[2 * h]);
    widen(bytes.low1, bytes.high1, sums[2 * h + 1]);
  }
}

// y[0, 8) += low + Scale high.
template <int Scale>
inline void add_rows(uint16x8_t low, uint16x8_t high, std::int32_t* y) {
  const auto join = [](uint16x4_t l, uint16x4_t h) {
    const int32x4_t sum = vreinterpretq_s32_u32(vaddw_u16(vshll_n_u16(h, 5), l));
    if constexpr (Scale == 32) return sum;
    return vsubq_s32(sum, vreinterpretq_s32_u32(vmovl_u16(h)));
  };
  vst1q_s32(y, vaddq_s32(vld1q_s32(y), join(vget_low_u16(low), vget_low_u16(high))));
  vst1q_s32(y + 4, vaddq_s32(vld1q_s32(y + 4), join(vget_high_u16(low), vget_high_u16(high))));
}

// y[r] = the sums of a panel.
template <typename Lut>
void add_panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
               std::int32_t (&y)[kLutPanelRows]) {
  constexpr std::size_t kGroupBlocks = kSteps / Lut::kStepsPerBlock;
  std::fill_n(y, kLutPanelRows, Lut::offset(blocks));
  while (blocks != 0) {
    Words sums[kSets];
    for (Words& s : sums) s = {{vdupq_n_u16(0), vdupq_n_u16(0)}, {vdupq_n_u16(0), vdupq_n_u16(0)}};
    std::size_t widenings = kLutWidenings;
    for (; widenings != 0 && blocks >= kGroupBlocks; --widenings) {
      add_steps<Lut>(w, kSteps, table, sums);
      w += kGroupBlocks * Lut::kGeometry.block_bytes;
      table += kSteps * kLutTableBytes;
      blocks -= kGroupBlocks;
    }
    if (widenings != 0 && blocks != 0) {
      add_steps<Lut>(w, blocks, table, sums);
      blocks = 0;
    }
    for (std::size_t i = 0; i < kLutPanelRows / 8; ++i)
      add_rows<Lut::kScale>(sums[i / 2].low[i % 2], sums[i / 2].high[i % 2], y + 8 * i);
  }
}

template <typename Lut>
struct Neon : Lut {
  static constexpr std::size_t kTokens = 1;

  template <std::size_t T>
  static void panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table,
                    std::size_t, std::int32_t (*y)[kLutPanelRows]) {
    add_panel<Lut>(w, blocks, table, *y);
  }
};

}  // namespace

void matmul_lut2_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Neon<Lut2>>(w, x, ldx, tokens, y, ldy);
}

void matmul_lut3_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  lut_matmul<Neon<Lut3>>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
