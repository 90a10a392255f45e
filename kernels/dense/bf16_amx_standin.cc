// SPDX-License-Identifier: Apache-2.0
//
// The AMX kernel over plain C++ tiles: only the instructions themselves go unproven.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/amx_tiles.h"
#include "kernels/dense/dense.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {

MatmulBf16Fn matmul_bf16_scalar;

namespace {

constexpr MatmulBf16Fn* alone = matmul_bf16_scalar;

using Tiles = PlainTiles;

#include "kernels/dense/bf16_tiles.h"

}  // namespace

void matmul_bf16_amx_standin(const DenseView<bf16>& w, const float* x, std::size_t ldx,
                             std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
