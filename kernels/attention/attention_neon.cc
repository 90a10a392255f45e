// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/attention_isa.h"
#include "kernels/f16.h"
#include "kernels/neon.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

struct Quad {
  float32x4_t part[4];
};

struct Ops {
  using Reg = Quad;
  static constexpr std::size_t kRows = 4, kWide = 1;  // 16 accumulators of 32 registers

  static inline Reg zero() { return fill(0); }
  static inline Reg fill(float x) {
    const float32x4_t v = vdupq_n_f32(x);
    return {{v, v, v, v}};
  }
  static inline Reg load(const float* p) {
    return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
  }
  static inline Reg load_f16(const f16* p) {
    const uint16x8_t a = vld1q_u16(p), b = vld1q_u16(p + 8);
    return {{widen(vget_low_u16(a)), widen(vget_high_u16(a)), widen(vget_low_u16(b)),
             widen(vget_high_u16(b))}};
  }
  static inline Reg load_i8(const std::int8_t* p) {
    const int8x16_t bytes = vld1q_s8(p);
    const int16x8_t a = vmovl_s8(vget_low_s8(bytes)), b = vmovl_s8(vget_high_s8(bytes));
    return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(a))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(a))),
             vcvtq_f32_s32(vmovl_s16(vget_low_s16(b))),
             vcvtq_f32_s32(vmovl_s16(vget_high_s16(b)))}};
  }
  static inline void store(float* p, Reg a) {
    for (std::size_t i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, a.part[i]);
  }
  static inline Reg fma(Reg a, Reg b, Reg c) {
    return each([&](std::size_t i) { return vfmaq_f32(c.part[i], a.part[i], b.part[i]); });
  }
  static inline Reg mul(Reg a, Reg b) {
    return each([&](std::size_t i) { return vmulq_f32(a.part[i], b.part[i]); });
  }
  static inline Reg add(Reg a, Reg b) {
    return each([&](std::size_t i) { return vaddq_f32(a.part[i], b.part[i]); });
  }
  // As integers, in which NaN is more than infinity.
  static inline Reg abs_max(Reg a, Reg b) {
    return each([&](std::size_t i) { return most(a.part[i], b.part[i]); });
  }
  static inline float largest(Reg a) {
    const float32x4_t all = most(most(a.part[0], a.part[1]), most(a.part[2], a.part[3]));
    return vgetq_lane_f32(
        vreinterpretq_f32_u32(vdupq_n_u32(vmaxvq_u32(vreinterpretq_u32_f32(all)))), 0);
  }
  static inline void put_f16(f16* p, Reg a) {
    for (std::size_t i = 0; i < 4; ++i)
      vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(a.part[i])));
  }
  static inline void put_i8(std::int8_t* p, Reg a) {
    const auto words = [&](std::size_t i) { return vqmovn_s32(vcvtnq_s32_f32(a.part[i])); };
    vst1_s8(p, vqmovn_s16(vcombine_s16(words(0), words(1))));
    vst1_s8(p + 8, vqmovn_s16(vcombine_s16(words(2), words(3))));
  }

 private:
  template <typename F>
  static inline Reg each(const F& f) {
    return {{f(0), f(1), f(2), f(3)}};
  }
  static inline float32x4_t widen(uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); }
  static inline float32x4_t most(float32x4_t a, float32x4_t b) {
    return vreinterpretq_f32_u32(
        vmaxq_u32(vreinterpretq_u32_f32(vabsq_f32(a)), vreinterpretq_u32_f32(vabsq_f32(b))));
  }
};

#include "kernels/attention/attention_tile.h"

}  // namespace

const AttentionFns attention_neon = {append, scores, average};

}  // namespace tern::kernels
