// SPDX-License-Identifier: Apache-2.0

#include "kernels/tiles/tiles.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>

#include "kernels/check.h"
#include "kernels/formats/formats.h"

namespace tern::kernels {
namespace {

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

void check_shape(const TileCode& code, TileShape shape) {
  const auto check = [&](const char* what, std::size_t multiple, std::size_t found) {
    if (found == 0 || found % multiple != 0)
      throw std::runtime_error("steps of " + std::string(code.name) + ": need " + what +
                               " in multiples of " + std::to_string(multiple) + ", found " +
                               std::to_string(found));
  };
  check("rows", code.row_multiple, shape.rows);
  check("lanes", code.lane_multiple, shape.lanes);
}

// Fills values [cols] with a row of the matrix; returns cols, or the column of a weight that it
// cannot read.
using ReadRow = std::function<std::size_t(std::size_t row, std::uint8_t* values)>;

std::vector<std::uint8_t> pack(const TileCode& code, TileShape shape, std::size_t rows,
                               std::size_t cols, const ReadRow& read_row, ThreadPool* pool) {
  std::vector<std::uint8_t> tiles(tile_bytes(code, shape, rows, cols));
  const std::size_t groups = ceil_div(rows, shape.rows), steps = ceil_div(cols, shape.lanes);
  const std::size_t stride = steps * shape.lanes, step_bytes = code.step_bytes(shape);
  // row * cols + column of what is wrong in a group.
  const std::size_t fine = rows * cols;
  std::vector<std::size_t> problems(groups, fine);

  const auto pack_group = [&](std::size_t group, std::vector<std::uint8_t>& values) {
    const std::size_t begin = group * shape.rows, end = std::min(rows, begin + shape.rows);
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t good = read_row(row, &values[(row - begin) * stride * code.value_bytes]);
      if (good != cols) return row * cols + good;
    }
    // Columns past the matrix were never written; rows past it may hold rows of another group.
    std::fill(
        values.begin() + static_cast<std::ptrdiff_t>((end - begin) * stride * code.value_bytes),
        values.end(), std::uint8_t{0});
    for (std::size_t step = 0; step < steps; ++step) {
      const std::size_t at = code.pack(shape, &values[step * shape.lanes * code.value_bytes],
                                       stride, &tiles[(group * steps + step) * step_bytes]);
      if (at != shape.rows * shape.lanes)
        return (begin + at / shape.lanes) * cols + step * shape.lanes + at % shape.lanes;
    }
    return fine;
  };
  parallel_for_if(groups > 1, pool, groups, 1, [&](std::size_t first, std::size_t last) {
    std::vector<std::uint8_t> values(shape.rows * stride * code.value_bytes);
    for (std::size_t group = first; group < last; ++group)
      problems[group] = pack_group(group, values);
  });
  for (const std::size_t at : problems)
    if (at != fine)
      throw std::runtime_error("weight at row " + std::to_string(at / cols) + ", column " +
                               std::to_string(at % cols) + " is " + std::string(code.bad));
  return tiles;
}

template <typename Value>
std::vector<std::uint8_t> pack_dense(const TileCode& code, TileShape shape,
                                     const DenseView<Value>& w, ThreadPool* pool) {
  TERN_CHECK(code.value_bytes == sizeof(Value), "weights of another type than the code's");
  return pack(
      code, shape, w.rows, w.cols,
      [&](std::size_t row, std::uint8_t* values) {
        std::memcpy(values, w.data + row * w.cols, w.cols * sizeof(Value));
        return w.cols;
      },
      pool);
}

}  // namespace

std::size_t tile_bytes(const TileCode& code, TileShape shape, std::size_t rows, std::size_t cols) {
  check_shape(code, shape);
  return ceil_div(rows, shape.rows) * ceil_div(cols, shape.lanes) * code.step_bytes(shape);
}

std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const T2View& w,
                                     std::size_t cols, ThreadPool* pool) {
  TERN_CHECK(code.bad == "no trit", "trits for a code of other weights");
  TERN_CHECK(cols <= w.blocks_per_row * kT2BlockTrits, "more columns than a row holds");
  return pack(
      code, shape, w.rows, cols,
      [&](std::size_t row, std::uint8_t* values) {
        return unpack_t2(w.data + row * w.row_bytes(), cols,
                         reinterpret_cast<std::int8_t*>(values));
      },
      pool);
}

std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const I8View& w,
                                     ThreadPool* pool) {
  TERN_CHECK(code.name != "e4m3", "integers for a code of floats");
  return pack_dense(code, shape, w, pool);
}

std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const DenseView<f8>& w,
                                     ThreadPool* pool) {
  TERN_CHECK(code.name == "e4m3", "e4m3 for a code of other weights");
  return pack_dense(code, shape, w, pool);
}

std::vector<std::uint8_t> pack_tiles(const TileCode& code, TileShape shape, const F16View& w,
                                     ThreadPool* pool) {
  return pack_dense(code, shape, w, pool);
}

}  // namespace tern::kernels
