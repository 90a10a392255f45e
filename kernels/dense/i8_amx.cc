// SPDX-License-Identifier: Apache-2.0
//
// AMX: tdpbssd, exact for every pair of bytes.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/amx_tiles.h"
#include "kernels/dense/dense.h"
#include "kernels/scratch.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AMX

namespace tern::kernels {

MatmulI8Fn matmul_i8_avx512vnni;

namespace {

constexpr MatmulI8Fn* alone = matmul_i8_avx512vnni;

using Tiles = AmxTiles;

#include "kernels/dense/i8_tiles.h"

}  // namespace

void matmul_i8_amx(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                   std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
