// SPDX-License-Identifier: Apache-2.0
//
// Matrix-vector products y = W x with ternary weights (t2): one function type and one table of
// kernels, fastest first, one row per ISA.
// Kernels check nothing and no pointer needs alignment. y must not overlap the inputs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/format.h"
#include "kernels/isa.h"

namespace tern::kernels {

// Borrowed weights; rows are contiguous.
struct T2View {
  const std::uint8_t* data;  // [rows, blocks_per_row, kT2BlockBytes]
  std::size_t rows;
  std::size_t blocks_per_row;  // <= kMaxCols / kT2BlockTrits

  std::size_t row_bytes() const { return blocks_per_row * kT2BlockBytes; }
  T2View slice(std::size_t begin, std::size_t end) const {
    return {data + begin * row_bytes(), end - begin, blocks_per_row};
  }
};

// y[r] = sum over k of W[r, k] * x[k], exactly, for every x in [-128, 127].
//   x  [blocks_per_row * kT2BlockTrits]; entries past the real columns meet weight 0.
using GemvT2Fn = void(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept;

std::span<const Kernel<GemvT2Fn>> gemv_t2_kernels() noexcept;

}  // namespace tern::kernels
