// SPDX-License-Identifier: Apache-2.0
//
// Advanced SIMD: the 16 accumulators of dense.h are two pairs of registers. Pairs, because a load
// of eight FP8 weights costs little more than one of four.

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/neon.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

struct Eight {
  float32x4_t low, high;
};

struct Lanes {
  using Reg = Eight;
  static constexpr std::size_t kParts = 2, kRows = 2, kTokens = 2;

  static inline Reg zero() { return {vdupq_n_f32(0), vdupq_n_f32(0)}; }
  static inline Reg load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static inline void store(float* p, Reg a) {
    vst1q_f32(p, a.low);
    vst1q_f32(p + 4, a.high);
  }
  static inline Reg fma(Reg w, Reg x, Reg a) {
    return {vfmaq_f32(a.low, w.low, x.low), vfmaq_f32(a.high, w.high, x.high)};
  }

  template <std::size_t R>
  static inline void fold(const Reg (&a)[R][2], float* y) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < R; ++r) {
      const float32x4_t by4 =
          vaddq_f32(vaddq_f32(a[r][0].low, a[r][1].low), vaddq_f32(a[r][0].high, a[r][1].high));
      const float32x2_t by2 = vadd_f32(vget_low_f32(by4), vget_high_f32(by4));
      y[r] = vget_lane_f32(by2, 0) + vget_lane_f32(by2, 1);
    }
  }
};

// Of eight binary16, as bits.
inline Eight from_f16(uint16x8_t h) {
  const float16x8_t f = vreinterpretq_f16_u16(h);
  return {vcvt_f32_f16(vget_low_f16(f)), vcvt_high_f32_f16(f)};
}

struct F32 {
  using W = float;
  static constexpr W kNegativeZero = -0.0f;
  static constexpr bool kNarrowsX = false;
  static inline Eight load(const W* w) { return Lanes::load(w); }
};

struct F16 {
  using W = f16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  static inline Eight load(const W* w) { return from_f16(vld1q_u16(w)); }
  static inline void narrow(Eight x, W* to) {
    vst1q_u16(to, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(x.low), x.high)));
  }
};

struct Bf16 {
  using W = bf16;
  static constexpr W kNegativeZero = 0x8000;
  static constexpr bool kNarrowsX = true;
  static inline Eight load(const W* w) {
    const uint16x8_t h = vld1q_u16(w);
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(h), 16)),
            vreinterpretq_f32_u32(vshll_high_n_u16(h, 16))};
  }
  static inline void narrow(Eight x, W* to) {
    vst1q_u16(to, vuzp2q_u16(vreinterpretq_u16_f32(x.low), vreinterpretq_u16_f32(x.high)));
  }
};

struct E5m2 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  static inline Eight load(const W* w) { return from_f16(vshll_n_u8(vld1_u8(w), 8)); }
};

struct E4m3 {
  using W = f8;
  static constexpr bool kNarrowsX = false;
  // Sign to bit 15, the rest to bits [13:7]: the binary16 of 2^-8 times the weight.
  static inline Eight load(const W* w) {
    const int16x8_t wide = vshll_n_s8(vreinterpret_s8_u8(vld1_u8(w)), 7);
    const uint16x8_t h = vandq_u16(vreinterpretq_u16_s16(wide), vdupq_n_u16(0xbf80));
    const uint16x8_t largest = vdupq_n_u16(0x3f80);
    const uint16x8_t is_nan = vceqq_u16(vandq_u16(h, largest), largest);
    const Eight scaled = from_f16(vorrq_u16(h, is_nan));
    return {vmulq_n_f32(scaled.low, 256.0f), vmulq_n_f32(scaled.high, 256.0f)};
  }
};

#include "kernels/dense/float_product.h"
}  // namespace

void matmul_f32_neon(const DenseView<float>& w, const float* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) noexcept {
  multiply<F32>(w, x, ldx, tokens, y, ldy);
}

void matmul_f16_neon(const DenseView<f16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) noexcept {
  multiply<F16>(w, x, ldx, tokens, y, ldy);
}

void matmul_bf16_neon(const DenseView<bf16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply<Bf16>(w, x, ldx, tokens, y, ldy);
}

void matmul_e4m3_neon(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply<E4m3>(w, x, ldx, tokens, y, ldy);
}

void matmul_e5m2_neon(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  multiply<E5m2>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
