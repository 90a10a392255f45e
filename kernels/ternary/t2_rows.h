// SPDX-License-Identifier: Apache-2.0
//
// One token by weights as a file of I2_S holds them (kernels/format.h): 2 bits per weight, row by
// row, read at the speed of memory. What a model's first token runs on, before its weights are
// repacked into a compute layout.

#pragma once

#include <cstdint>
#include <span>

#include "kernels/format.h"
#include "kernels/isa.h"

namespace tern::kernels {

// y[r] = sum over k of W[r, k] * x[k], exactly. False, where y means nothing: a byte holds an
// illegal code (3).
//   x  [blocks_per_row * 128], 0 beyond the columns; y [rows]
using T2RowsFn = bool(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept;

// Fastest first.
std::span<const Kernel<T2RowsFn>> t2_rows_kernels() noexcept;

}  // namespace tern::kernels
