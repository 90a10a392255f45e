// SPDX-License-Identifier: Apache-2.0
//
// NEON: 16 look-ups per TBL, of the low and of the high bytes of the sums (lut.h). Both groups of a
// step add to the same bytes, which are widened after four steps, by one instruction per 8 rows.
// Per 16 codes: 1 to extract them, 2 TBL, 2 additions, 1 (4 in 4) to widen; lut3 adds 2 for the
// mask of its signs and 2 to apply it.

#include <arm_neon.h>

#include <algorithm>

#include "kernels/ternary/lut.h"

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
  static constexpr std::uint8_t kStart = 0;
  static constexpr std::size_t kStepsPerBlock = 1;

  static std::int32_t join(std::int32_t low, std::int32_t high) { return low + (high << 5); }

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
  static constexpr std::uint8_t kStart = kLut3Start;
  static constexpr std::size_t kStepsPerBlock = kLut3Steps;

  static std::int32_t join(std::int32_t low, std::int32_t high) { return low + (high << 5) - high; }

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

struct Bytes {
  uint8x16_t low, high;
};

struct Words {
  uint16x8_t low[2], high[2];  // of 16 rows
};

inline uint8x16_t nibbles(uint8x16_t codes, std::size_t nibble) {
  return nibble == 0 ? vandq_u8(codes, vdupq_n_u8(15)) : vshrq_n_u8(codes, 4);
}

// Both groups of a step, for the 32 rows of two sets.
inline void add_step(const std::uint8_t* step, const std::uint8_t* table, Bytes* sums) {
  for (std::size_t l = 0; l < kLutStepGroups; ++l) {
    const uint8x16_t codes = vld1q_u8(step + 16 * l);
    const uint8x16_t low = vld1q_u8(table + 16 * l), high = vld1q_u8(table + 32 + 16 * l);
    for (std::size_t n = 0; n < 2; ++n) {
      const uint8x16_t index = nibbles(codes, n);
      sums[n].low = vaddq_u8(sums[n].low, vqtbl1q_u8(low, index));
      sums[n].high = vaddq_u8(sums[n].high, vqtbl1q_u8(high, index));
    }
  }
}

// The same with the signs of both groups in the top bits of `bits`, which move on.
inline void add_step(const std::uint8_t* step, const std::uint8_t* table, int8x16_t bits[2],
                     Bytes* sums) {
  for (std::size_t l = 0; l < kLutStepGroups; ++l) {
    const uint8x16_t codes = vld1q_u8(step + 16 * l);
    const uint8x16_t low = vld1q_u8(table + 16 * l), high = vld1q_u8(table + 32 + 16 * l);
    for (std::size_t n = 0; n < 2; ++n) {
      const uint8x16_t index = nibbles(codes, n), sign = vcltzq_s8(bits[l]);
      bits[l] = vaddq_s8(bits[l], bits[l]);
      sums[n].low = vaddq_u8(sums[n].low, veorq_u8(vqtbl1q_u8(low, index), sign));
      sums[n].high = vaddq_u8(sums[n].high, veorq_u8(vqtbl1q_u8(high, index), sign));
    }
  }
}

inline void widen(const Bytes& bytes, Words& words) {
  words.low[0] = vaddw_u8(words.low[0], vget_low_u8(bytes.low));
  words.low[1] = vaddw_high_u8(words.low[1], bytes.low);
  words.high[0] = vaddw_u8(words.high[0], vget_low_u8(bytes.high));
  words.high[1] = vaddw_high_u8(words.high[1], bytes.high);
}

// Steps that are widened at once: four blocks of lut2, or fewer at its end; one block of lut3.
template <typename Lut>
inline void add_steps(const std::uint8_t* w, std::size_t steps, const std::uint8_t* table,
                      Words (&sums)[kSets]) {
  for (std::size_t h = 0; h < 2; ++h) {
    const uint8x16_t start = vdupq_n_u8(Lut::kStart);
    Bytes bytes[2] = {{start, start}, {start, start}};
    if constexpr (Lut::kStepsPerBlock == 1) {
      for (std::size_t s = 0; s < steps; ++s)
        add_step(w + s * kLutStepBytes + 32 * h, table + s * kLutTableBytes, bytes);
    } else {
      const auto* at =
          reinterpret_cast<const std::int8_t*>(w + kLut3Steps * kLutStepBytes + 32 * h);
      int8x16_t bits[2] = {vld1q_s8(at), vld1q_s8(at + 16)};
      for (std::size_t s = 0; s < kLut3Steps; ++s)
        add_step(w + s * kLutStepBytes + 32 * h, table + s * kLutTableBytes, bits, bytes);
    }
    widen(bytes[0], sums[2 * h]);
    widen(bytes[1], sums[2 * h + 1]);
  }
}

// y[0, rows) = the sums of a panel.
template <typename Lut>
void panel(const std::uint8_t* w, std::size_t blocks, const std::uint8_t* table, std::size_t rows,
           std::int32_t* y) {
  constexpr std::size_t kGroupBlocks = kSteps / Lut::kStepsPerBlock;
  std::int32_t sums32[kLutPanelRows];
  std::fill_n(sums32, kLutPanelRows, Lut::offset(blocks));
  while (blocks != 0) {
    Words sums[kSets];
    for (Words& s : sums) s = {{vdupq_n_u16(0), vdupq_n_u16(0)}, {vdupq_n_u16(0), vdupq_n_u16(0)}};
    for (std::size_t i = 0; i < kLutWidenings && blocks != 0; ++i) {
      const std::size_t now = std::min(blocks, kGroupBlocks);
      add_steps<Lut>(w, now, table, sums);
      w += now * Lut::kGeometry.block_bytes;
      table += now * Lut::kStepsPerBlock * kLutTableBytes;
      blocks -= now;
    }
    for (std::size_t r = 0; r < kLutPanelRows; ++r) {
      const Words& of = sums[r / 16];
      std::uint16_t low[8], high[8];
      vst1q_u16(low, of.low[r / 8 % 2]);
      vst1q_u16(high, of.high[r / 8 % 2]);
      sums32[r] += Lut::join(low[r % 8], high[r % 8]);
    }
  }
  std::copy_n(sums32, rows, y);
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
      for (std::size_t i = 0; i < count; ++i)
        panel<Lut>(at, blocks, tables + i * table_bytes, std::min(kLutPanelRows, w.rows - r),
                   y + (t + i) * ldy + r);
    }
  }
}

}  // namespace

void matmul_lut2_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul<Lut2>(w, x, ldx, tokens, y, ldy);
}

void matmul_lut3_neon(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul<Lut3>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
