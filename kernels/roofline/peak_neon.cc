// SPDX-License-Identifier: Apache-2.0
//
// AArch64: NEON, FEAT_DotProd and FEAT_I8MM.

#include <arm_neon.h>

#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 16;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+w"(value))

// `sums[i] = OP` in every chain and round.
#define TERN_PEAK(TARGET, NAME, OPERAND, ONE, SUM, ZERO, LANE, OP)                     \
  TARGET std::uint64_t NAME(std::size_t rounds) noexcept {                             \
    OPERAND a = ONE, b = ONE;                                                          \
    SUM sums[kChains];                                                                 \
    TERN_OPAQUE(a);                                                                    \
    TERN_OPAQUE(b);                                                                    \
    _Pragma("GCC unroll 16") for (SUM & sum : sums) {                                  \
      sum = ZERO;                                                                      \
      TERN_OPAQUE(sum);                                                                \
    }                                                                                  \
    for (; rounds != 0; --rounds)                                                      \
      _Pragma("GCC unroll 16") for (std::size_t i = 0; i < kChains; ++i) sums[i] = OP; \
    return sum_of_lanes<LANE>(sums);                                                   \
  }

TERN_PEAK(, int8_smlal, int8x8_t, vdup_n_s8(1), int16x8_t, vdupq_n_s16(0), std::int16_t,
          vmlal_s8(sums[i], a, b))  // lanes wrap beyond 2^15 rounds
TERN_PEAK(, fp32_fmla, float32x4_t, vdupq_n_f32(1), float32x4_t, vdupq_n_f32(0), float,
          vfmaq_f32(sums[i], a, b))
TERN_PEAK([[gnu::target("arch=armv8.2-a+dotprod")]], int8_sdot, int8x16_t, vdupq_n_s8(1), int32x4_t,
          vdupq_n_s32(0), std::int32_t, vdotq_s32(sums[i], a, b))
TERN_PEAK([[gnu::target("arch=armv8.2-a+i8mm")]], int8_smmla, int8x16_t, vdupq_n_s8(1), int32x4_t,
          vdupq_n_s32(0), std::int32_t, vmmlaq_s32(sums[i], a, b))

// Weights from the first cache level, widened to float32.
std::uint64_t fp16_fcvtl(std::size_t rounds) noexcept {
  alignas(16) static constexpr HalfOnes<kChains * 4> kOnes;
  const std::uint16_t* at = kOnes.halves;
  float32x4_t b = vdupq_n_f32(1), sums[kChains];
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (float32x4_t& sum : sums) {
    sum = vdupq_n_f32(0);
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(at));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      sums[i] = vfmaq_f32(sums[i], vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(at + 4 * i))), b);
  }
  return sum_of_lanes<float>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_smmla_neoni8mm", Isa::kNeonI8mm, Datatype::kInt8, "smmla", kChains * 32,
             int8_smmla},
    PeakLoop{"peak_int8_sdot_neondot", Isa::kNeonDot, Datatype::kInt8, "sdot", kChains * 16,
             int8_sdot},
    PeakLoop{"peak_int8_smlal_neon", Isa::kNeon, Datatype::kInt8, "smlal", kChains * 8, int8_smlal},
    PeakLoop{"peak_fp32_fmla_neon", Isa::kNeon, Datatype::kFp32, "fmla", kChains * 4, fp32_fmla},
    PeakLoop{"peak_fp16_fcvtl_neon", Isa::kNeon, Datatype::kFp16, "fcvtl + fmla", kChains * 4,
             fp16_fcvtl},
};

}  // namespace

PeakLoops peak_loops_neon() noexcept { return kTable; }

}  // namespace tern::kernels
