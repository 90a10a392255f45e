// SPDX-License-Identifier: Apache-2.0
//
// What the INT4 products on AArch64 hand to i4_groups.h: four groups per register, twice. Per eight
// groups 32 instructions decode, beside 8 loads and those of the scales; a token then takes 16
// loads of activations, dot twice and 8 more. No include guard: each i4_<isa>.cc includes this
// inside its unnamed namespace, after it has defined TERN_TARGET and
//
//   dot(q, x)   the four sums over q[i] * vector i of x, q in [0, 15], vectors 32 bytes apart

struct Groups {
  static constexpr std::size_t kParts = 2;
  using Sums = float32x4_t;
  struct Weights {
    int8x16_t q[8];  // q[h * 4 + i]: the nibbles of columns h * 16 + 4 i .. + 3 of each group
    float32x4_t d;
  };

  TERN_TARGET static inline Sums zero() { return vdupq_n_f32(0); }

  TERN_TARGET static inline uint32x4_t bytes_of(const std::uint8_t* group) {
    return vreinterpretq_u32_u8(vld1q_u8(group + 2));
  }
  TERN_TARGET static inline uint8x16_t zip1_64(uint32x4_t a, uint32x4_t b) {
    return vreinterpretq_u8_u64(vzip1q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)));
  }
  TERN_TARGET static inline uint8x16_t zip2_64(uint32x4_t a, uint32x4_t b) {
    return vreinterpretq_u8_u64(vzip2q_u64(vreinterpretq_u64_u32(a), vreinterpretq_u64_u32(b)));
  }

  TERN_TARGET static inline float32x4_t scales(const std::uint8_t* groups) {
    std::uint16_t d[4];
    for (std::size_t l = 0; l < 4; ++l) std::memcpy(&d[l], groups + l * kQ4GroupBytes, 2);
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(d)));
  }

  TERN_TARGET static inline Weights decode(const std::uint8_t* groups) {
    const uint32x4_t a = bytes_of(groups), b = bytes_of(groups + kQ4GroupBytes);
    const uint32x4_t c = bytes_of(groups + 2 * kQ4GroupBytes);
    const uint32x4_t d = bytes_of(groups + 3 * kQ4GroupBytes);
    const uint32x4_t ab_low = vzip1q_u32(a, b), ab_high = vzip2q_u32(a, b);
    const uint32x4_t cd_low = vzip1q_u32(c, d), cd_high = vzip2q_u32(c, d);
    const uint8x16_t bytes[4] = {zip1_64(ab_low, cd_low), zip2_64(ab_low, cd_low),
                                 zip1_64(ab_high, cd_high), zip2_64(ab_high, cd_high)};
    Weights w;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      w.q[i] = vreinterpretq_s8_u8(vandq_u8(bytes[i], vdupq_n_u8(15)));
      w.q[4 + i] = vreinterpretq_s8_u8(vshrq_n_u8(bytes[i], 4));
    }
    w.d = scales(groups);
    return w;
  }

  TERN_TARGET static inline Sums add(Sums a, const Weights& w, const std::int8_t* x,
                                     const std::int32_t* excess) {
    return vfmaq_f32(a, w.d, vcvtq_f32_s32(vsubq_s32(dot(w.q, x), vld1q_s32(excess))));
  }

  TERN_TARGET static inline float fold(const Sums (&a)[2]) {
    const float32x4_t by4 = vaddq_f32(a[0], a[1]);
    const float32x2_t by2 = vadd_f32(vget_low_f32(by4), vget_high_f32(by4));
    return vget_lane_f32(by2, 0) + vget_lane_f32(by2, 1);
  }
};

#include "kernels/dense/i4_groups.h"
