// SPDX-License-Identifier: Apache-2.0
//
// sdot: one instruction for 16 products. A tile of four rows and six tokens takes 41 for 24 of
// them.

#include <algorithm>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/neon.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET TERN_TARGET_NEONDOT

namespace tern::kernels {
namespace {

struct Mac {
  static constexpr std::size_t kTokens = 6;

  TERN_TARGET static inline int32x4_t run(int32x4_t acc, int8x16_t w, int8x16_t x) {
    return vdotq_s32(acc, w, x);
  }
};

#include "kernels/dense/i8_neon.h"

}  // namespace

void matmul_i8_neondot(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
