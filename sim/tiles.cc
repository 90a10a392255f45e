// SPDX-License-Identifier: Apache-2.0

#include "sim/tiles.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace tern::sim {
namespace {

[[noreturn]] void refuse(std::size_t row, std::size_t col, const char* what) {
  throw std::runtime_error("weight at row " + std::to_string(row) + ", column " +
                           std::to_string(col) + " is " + what);
}

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// Where the weights of (row, step) begin.
struct TileIndex {
  const Geometry& g;
  std::size_t steps;
  std::size_t row_bytes;  // of one step

  std::size_t operator()(std::size_t row, std::size_t step) const {
    return ((row / g.rows * steps + step) * g.rows + row % g.rows) * row_bytes;
  }
};

}  // namespace

std::vector<std::uint8_t> tile_weights(const Geometry& g, const kernels::T2View& w,
                                       std::size_t cols) {
  const std::size_t steps = ceil_div(cols, g.lanes);
  const TileIndex at{g, steps, g.lanes / 4};
  std::vector<std::uint8_t> tiles(ceil_div(w.rows, g.rows) * steps * g.w_word_bytes);
  std::vector<std::int8_t> trits(cols);
  for (std::size_t row = 0; row < w.rows; ++row) {
    const std::size_t good = kernels::unpack_t2(w.data + row * w.row_bytes(), cols, trits.data());
    if (good != cols) refuse(row, good, "no trit");
    for (std::size_t col = 0; col < cols; ++col) {
      const unsigned code = static_cast<unsigned>(trits[col]) & 3u;  // two's complement
      const std::size_t lane = col % g.lanes;
      std::uint8_t& byte = tiles[at(row, col / g.lanes) + lane / 4];
      byte = static_cast<std::uint8_t>(byte | code << (lane % 4 * 2));
    }
  }
  return tiles;
}

std::vector<std::uint8_t> tile_weights(const Geometry& g, const kernels::F16View& w) {
  const std::size_t steps = ceil_div(w.cols, g.lanes);
  const TileIndex at{g, steps, g.lanes * sizeof(kernels::f16)};
  std::vector<std::uint8_t> tiles(ceil_div(w.rows, g.rows) * steps * g.w_word_bytes);
  for (std::size_t row = 0; row < w.rows; ++row)
    for (std::size_t col = 0; col < w.cols; ++col) {
      const kernels::f16 value = w.data[row * w.cols + col];
      if ((value & 0x7c00) == 0x7c00) refuse(row, col, "not finite");
      std::memcpy(&tiles[at(row, col / g.lanes) + col % g.lanes * sizeof value], &value,
                  sizeof value);
    }
  return tiles;
}

void untile_results(const Geometry& g, const Job& job, const std::uint32_t* words, std::size_t rows,
                    std::uint32_t* y) {
  for (std::size_t token = 0; token < job.tokens; ++token)
    for (std::size_t row = 0; row < rows; ++row)
      y[token * rows + row] = words[(row / g.rows * job.tokens + token) * g.rows + row % g.rows];
}

}  // namespace tern::sim
