// SPDX-License-Identifier: Apache-2.0
//
// The walk over a table of dense kernels, for all formats: operands with strides, guarded at
// their ends, and what no call may write.

#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/isa.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {

struct Shape {
  std::size_t rows, cols, tokens;

  std::string text() const {
    return "rows=" + std::to_string(rows) + " cols=" + std::to_string(cols) +
           " tokens=" + std::to_string(tokens);
  }
};

// `step` is what a format's kernels take at once at most.
inline std::vector<Shape> edge_shapes(std::size_t step) {
  std::vector<Shape> shapes;
  for (const std::size_t cols : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{15},
                                 std::size_t{16}, std::size_t{17}, std::size_t{31}, std::size_t{33},
                                 step - 1, step, step + 1, 2 * step + 3, std::size_t{257}})
    for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 9})
      for (const std::size_t tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33})
        shapes.push_back({rows, cols, tokens});
  // Rows over a block of tiles, columns over every cut.
  for (const std::size_t rows : {15, 16, 17, 31, 32, 33, 67}) shapes.push_back({rows, 61, 33});
  for (const std::size_t cols : {681, 1361, 2565, 4099})
    for (const std::size_t tokens : {1, 6, 7}) shapes.push_back({5, cols, tokens});
  return shapes;
}

// What a kernel writes for `tokens` tokens that lie ldx apart, into rows that lie ldy apart. `pad`
// shifts every operand off its alignment; operands end at an unreadable page.
template <typename View, typename X, typename Y, typename W>
std::vector<Y> run_guarded(const Kernel<void(const View&, const X*, std::size_t, std::size_t, Y*,
                                             std::size_t) noexcept>& kernel,
                           const std::vector<W>& w, const std::vector<X>& x, const Shape& s,
                           std::size_t gap, X junk) {
  const std::size_t ldx = s.cols + gap, ldy = s.rows + gap;
  std::vector<X> spread((s.tokens - 1) * ldx + s.cols, junk);
  for (std::size_t t = 0; t < s.tokens; ++t)
    for (std::size_t k = 0; k < s.cols; ++k) spread[t * ldx + k] = x[t * s.cols + k];
  const Guarded<W> weights(w);
  const Guarded<X> xs(spread);
  const std::vector<Y> untouched((s.tokens - 1) * ldy + s.rows, Y{77});
  const Guarded<Y> ys(untouched);
  kernel.run({weights.data(), s.rows, s.cols}, xs.data(), ldx, s.tokens, ys.data(), ldy);
  std::vector<Y> y;
  bool wrote_outside = false;
  for (std::size_t i = 0; i < untouched.size(); ++i)
    if (i % ldy < s.rows)
      y.push_back(ys.data()[i]);
    else
      wrote_outside |= ys.data()[i] != Y{77};
  INFO(kernel.name << " " << s.text());
  CHECK_FALSE(wrote_outside);
  return y;
}

// The same with every pointer `shift` elements off the start of its array.
template <typename View, typename X, typename Y, typename W>
std::vector<Y> run_shifted(const Kernel<void(const View&, const X*, std::size_t, std::size_t, Y*,
                                             std::size_t) noexcept>& kernel,
                           const std::vector<W>& w, const std::vector<X>& x, const Shape& s,
                           std::size_t shift) {
  std::vector<W> ws(shift);
  std::vector<X> xs(shift);
  ws.insert(ws.end(), w.begin(), w.end());
  xs.insert(xs.end(), x.begin(), x.end());
  std::vector<Y> y(s.rows * s.tokens + 2, Y{77});
  kernel.run({ws.data() + shift, s.rows, s.cols}, xs.data() + shift, s.cols, s.tokens, y.data() + 1,
             s.rows);
  INFO(kernel.name << " shift=" << shift);
  CHECK(y.front() == Y{77});
  CHECK(y.back() == Y{77});
  return {y.begin() + 1, y.end() - 1};
}

}  // namespace tern::kernels
