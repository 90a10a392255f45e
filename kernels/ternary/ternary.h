// SPDX-License-Identifier: Apache-2.0
//
// Products of packed ternary matrices with int8 activations, exact. One function type for every
// layout, instruction set and number of tokens; one table per layout, fastest first.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/format.h"
#include "kernels/isa.h"

namespace tern::kernels {

// How a compute layout cuts a matrix: panels of `panel_rows` rows, each a run of blocks of
// `block_cols` columns and `block_bytes` bytes. What is past the matrix holds weight 0.
struct Geometry {
  std::size_t panel_rows, block_cols, block_bytes;

  constexpr std::size_t panels(std::size_t rows) const {
    return (rows + panel_rows - 1) / panel_rows;
  }
  constexpr std::size_t blocks(std::size_t cols) const {
    return (cols + block_cols - 1) / block_cols;
  }
  constexpr std::size_t panel_bytes(std::size_t cols) const { return blocks(cols) * block_bytes; }
  constexpr std::size_t bytes(std::size_t rows, std::size_t cols) const {
    return panels(rows) * panel_bytes(cols);
  }
};

// Borrowed weights in one of the compute layouts of formats.h.
struct TernaryView {
  const std::uint8_t* data;  // [panels, blocks, block_bytes]
  std::size_t rows;
  std::size_t cols;  // <= kMaxCols

  // Rows [begin, end); begin is a multiple of the geometry's panel_rows.
  TernaryView slice(const Geometry& g, std::size_t begin, std::size_t end) const {
    return {data + begin / g.panel_rows * g.panel_bytes(cols), end - begin, cols};
  }
};

// Bytes from one token's activations to the next: room for whole blocks of every layout. All
// bytes beyond the columns must be 0. Never a multiple of 4096, so that the rows of several
// tokens do not compete for the same cache sets.
constexpr std::size_t activation_stride(std::size_t cols) {
  const std::size_t stride = (cols + 63) / 64 * 64 + 64;
  return stride % 4096 == 0 ? stride + 64 : stride;
}

// y[t * ldy + r] = sum over k of W[r, k] * x[t * ldx + k], exactly, for r < rows, t < tokens and
// every x in [-128, 127]. Writes nothing else.
//   x    [tokens, ldx], ldx >= activation_stride(cols), 0 beyond cols
//   ldy  >= rows
// Kernels check nothing; no pointer needs alignment; y must not overlap the inputs.
using TernaryFn = void(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept;

// Layouts: t2p and t5p for multiply-add instructions (panels.h), lut2 and lut3 for look-ups.
std::span<const Kernel<TernaryFn>> matmul_t2p_kernels() noexcept;
std::span<const Kernel<TernaryFn>> matmul_t5p_kernels() noexcept;
std::span<const Kernel<TernaryFn>> matmul_lut2_kernels() noexcept;
std::span<const Kernel<TernaryFn>> matmul_lut3_kernels() noexcept;

}  // namespace tern::kernels
