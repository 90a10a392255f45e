// SPDX-License-Identifier: Apache-2.0
//
// Advanced SIMD: smull and smull2 to int16, each widened at once, since two products of -128 and
// -128 do not fit one int16 lane. Four instructions for 16 products. A fourth
// token would leave no registers for these.

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/neon.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

struct Mac {
  static constexpr std::size_t kTokens = 3;

  static inline int32x4_t run(int32x4_t acc, int8x16_t w, int8x16_t x) {
    acc = vpadalq_s16(acc, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    return vpadalq_s16(acc, vmull_high_s8(w, x));
  }
};

#include "kernels/dense/i8_neon.h"

}  // namespace

void matmul_i8_neon(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                    std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
