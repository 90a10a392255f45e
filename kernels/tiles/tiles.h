// SPDX-License-Identifier: Apache-2.0
//
// Weights in the order in which the accelerator streams them: steps of R rows x N lanes, [row
// groups, steps, step], with zero weights where rows or columns of the matrix have ended. How a
// step holds its weights is a code, a row of one table. Bits of a step are counted from bit 0 of
// its first byte:
//
//   t2              for each row the planes nonzero[N] and negative[N]
//   t5              for each five rows the eight planes of the bytes (trit5.h) of their lanes
//   t5c             for each lane, that is column, the bytes of its rows, five each
//   i4, i8          for each row 4 or 8 planes of two's complement
//   e4m3 bf16 f16   for each row its lanes, 8 or 16 bits each
//
// t5c serves an engine of N lanes with steps of 5 N rows x 1 lane: N bytes, which it does not read
// where the activation of the column is zero. The other side is rtl/unpack and rtl/engine.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/format.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

struct TileShape {
  std::size_t rows;   // R
  std::size_t lanes;  // N
};

struct TileCode {
  std::string_view name;
  unsigned bits_of_five;  // bits of five weights: 8 for t5 and t5c
  unsigned value_bytes;   // of a weight outside: int8 (trits too), e4m3; 2 for bf16, f16
  unsigned act_bytes;     // of an activation that it is multiplied with
  std::size_t row_multiple, lane_multiple;
  std::string_view bad;  // what a weight is that the code cannot hold, as in "is no trit"

  // values [rows, lanes], rows `stride` values apart -> step, written whole; and back. Both return
  // rows * lanes, or row * lanes + lane of a weight that the code cannot hold, or of the first
  // trit of an illegal code; then what they wrote means nothing.
  std::size_t (*pack)(TileShape shape, const void* values, std::size_t stride,
                      std::uint8_t* step) noexcept;
  std::size_t (*unpack)(TileShape shape, const std::uint8_t* step, void* values,
                        std::size_t stride) noexcept;

  double weight_bits() const { return bits_of_five / 5.0; }
  std::size_t step_bytes(TileShape shape) const {
    return shape.rows * shape.lanes * bits_of_five / 40;
  }
};

std::span<const TileCode> tile_codes() noexcept;
// Throws std::runtime_error that lists the names.
const TileCode& tile_code(std::string_view name);

// Bytes of a matrix. Throws std::runtime_error where the code has no steps of that shape.
std::size_t tile_bytes(const TileCode& code, TileShape shape, std::size_t rows, std::size_t cols);

// A whole matrix. Throws std::runtime_error likewise, and naming row and column of a weight that
// the code cannot hold: no trit, out of range, not finite. The type of values is the code's.
std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const T2View& w,
                                     std::size_t cols, ThreadPool* pool = nullptr);
std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const I8View& w,
                                     ThreadPool* pool = nullptr);  // t2, t5, i4, i8
std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const DenseView<f8>& w,
                                     ThreadPool* pool = nullptr);  // e4m3
std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const F16View& w,
                                     ThreadPool* pool = nullptr);  // bf16, f16

}  // namespace tern::kernels
