// SPDX-License-Identifier: Apache-2.0
//
// Advanced SIMD: smlal to int16; eight products each stay within 8 * 15 * 128 < 2^15.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/neon.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

TERN_TARGET inline int32x4_t dot(const int8x16_t (&q)[8], const std::int8_t* x) {
  int16x8_t low = vdupq_n_s16(0), high = vdupq_n_s16(0);  // one product of four per lane
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) {
    const int8x16_t xs = vld1q_s8(x + 32 * i);
    low = vmlal_s8(low, vget_low_s8(q[i]), vget_low_s8(xs));
    high = vmlal_high_s8(high, q[i], xs);
  }
  return vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
}

#include "kernels/dense/i4_neon.h"
}  // namespace

void matmul_i4_neon(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                    float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
