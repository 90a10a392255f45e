// SPDX-License-Identifier: Apache-2.0
//
// AMX: tdpbf16ps.

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

MatmulBf16Fn matmul_bf16_avx512bf16;

namespace {

constexpr MatmulBf16Fn* alone = matmul_bf16_avx512bf16;

using Tiles = AmxTiles;

#include "kernels/dense/bf16_tiles.h"

}  // namespace

void matmul_bf16_amx(const DenseView<bf16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                     float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
