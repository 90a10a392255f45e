// SPDX-License-Identifier: Apache-2.0
//
// Between the row-major matrices of kernels/ and the tile order in which the engine streams:
// weights [row groups, steps, R, N], results [row groups, tokens, R]. Rows and columns that fill
// up the last tile hold weight 0.

#pragma once

#include <cstdint>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/format.h"
#include "sim/machine.h"

namespace tern::sim {

// Throw std::runtime_error naming row and column of a code that is no trit, of a value that is not
// finite.
std::vector<std::uint8_t> tile_weights(const Geometry& geometry, const kernels::T2View& w,
                                       std::size_t cols);
std::vector<std::uint8_t> tile_weights(const Geometry& geometry, const kernels::F16View& w);

// y[token, row] from the words as the engine emitted them.
void untile_results(const Geometry& geometry, const Job& job, const std::uint32_t* words,
                    std::size_t rows, std::uint32_t* y);

}  // namespace tern::sim
