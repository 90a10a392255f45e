// SPDX-License-Identifier: Apache-2.0
//
// sdot, which takes nibbles as they are: in [0, 15] they are signed bytes too.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/dense/dense.h"
#include "kernels/neon.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET TERN_TARGET_NEONDOT

namespace tern::kernels {
namespace {

TERN_TARGET inline int32x4_t dot(const int8x16_t (&q)[8], const std::int8_t* x) {
  int32x4_t sums = vdupq_n_s32(0);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) sums = vdotq_s32(sums, q[i], vld1q_s8(x + 32 * i));
  return sums;
}

#include "kernels/dense/i4_neon.h"
}  // namespace

void matmul_i4_neondot(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                       float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
