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

MatmulI8Fn matmul_i8_scalar;

namespace {

constexpr MatmulI8Fn* alone = matmul_i8_scalar;

using Tiles = PlainTiles;

#include "kernels/dense/i8_tiles.h"

}  // namespace

void matmul_i8_amx_standin(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
