// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run, and the stand-ins, against the plain sum of
// products: both sides of every step, tile and cut; random data over the full range; the extremes
// -128 * -128, -128 * 127, 127 * 127 up to 65536 columns; every pair of bytes; strides, odd
// addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include <utility>

#include "kernels/dense/dense.h"
#include "tests/kernels/matmul.h"

namespace tern::kernels {
namespace {

using Bytes = std::vector<std::int8_t>;

Bytes random_bytes(std::size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  Bytes v(n);
  for (std::int8_t& b : v) b = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
  return v;
}

std::vector<std::int32_t> expected(const Bytes& w, const Bytes& x, const Shape& s) {
  std::vector<std::int32_t> y(s.tokens * s.rows, 0);
  for (std::size_t t = 0; t < s.tokens; ++t)
    for (std::size_t r = 0; r < s.rows; ++r)
      for (std::size_t k = 0; k < s.cols; ++k)
        y[t * s.rows + r] += w[r * s.cols + k] * x[t * s.cols + k];
  return y;
}

void check_all_kernels(const Bytes& w, const Bytes& x, const Shape& s, std::size_t gap = 3) {
  const std::vector<std::int32_t> sums = expected(w, x, s);
  for (const auto& kernel : matmul_i8_kernels()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    const bool right = run_guarded(kernel, w, x, s, gap, std::int8_t{99}) == sums;
    if (right) continue;
    INFO(kernel.name << " " << s.text());
    REQUIRE(right);
  }
}

TEST_CASE("matmul_i8 equals the sum of products at every edge of its shapes", "[kernels]") {
  unsigned seed = 0;
  for (const Shape& s : edge_shapes(64)) {
    ++seed;
    check_all_kernels(random_bytes(s.rows * s.cols, seed), random_bytes(s.tokens * s.cols, seed), s,
                      seed % 3 == 0 ? 0 : seed % 5);
  }
}

TEST_CASE("matmul_i8 is exact where the weights exceed the caches", "[kernels]") {
  for (const Shape& s : {Shape{423, 2565, 1}, Shape{63, 20001, 2}, Shape{131, 8195, 9},
                         Shape{35, 10417, 34}, Shape{17, 2600, 300}})
    check_all_kernels(random_bytes(s.rows * s.cols, 1), random_bytes(s.tokens * s.cols, 2), s);
}

TEST_CASE("matmul_i8 neither saturates nor wraps at the extremes up to 65536 columns",
          "[kernels]") {
  const int weight = GENERATE(-128, 127);
  const int activation = GENERATE(-128, 127);
  for (const std::size_t cols : {1, 2, 63, 64, 2560, 65535, 65536})
    for (const std::size_t tokens : {1, 7})
      check_all_kernels(Bytes(5 * cols, static_cast<std::int8_t>(weight)),
                        Bytes(tokens * cols, static_cast<std::int8_t>(activation)),
                        {5, cols, tokens});
}

TEST_CASE("matmul_i8 multiplies every pair of bytes exactly", "[kernels]") {
  // Row r holds weight r - 128 everywhere; token t holds activation t - 128 in one column.
  constexpr std::size_t kCols = 3;
  Bytes w(256 * kCols), x(256 * kCols, 0);
  for (std::size_t i = 0; i < w.size(); ++i)
    w[i] = static_cast<std::int8_t>(static_cast<int>(i / kCols) - 128);
  for (std::size_t t = 0; t < 256; ++t)
    x[t * kCols + t % kCols] = static_cast<std::int8_t>(static_cast<int>(t) - 128);
  check_all_kernels(w, x, {256, kCols, 256});
  for (std::size_t t = 0; t < 256; ++t)
    check_all_kernels(w,
                      Bytes(x.begin() + static_cast<std::ptrdiff_t>(t * kCols),
                            x.begin() + static_cast<std::ptrdiff_t>((t + 1) * kCols)),
                      {256, kCols, 1});
}

TEST_CASE("matmul_i8 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  for (const std::size_t tokens : {1, 3, 8}) {
    const Shape s{9, 321, tokens};
    const Bytes w = random_bytes(9 * 321, 5), x = random_bytes(tokens * 321, 6);
    for (const auto& kernel : matmul_i8_kernels()) {
      if (!host_has(kernel.isa)) continue;
      for (const std::size_t shift : {1, 3, 17, 33, 63})
        CHECK(run_shifted(kernel, w, x, s, shift) == expected(w, x, s));
    }
  }
}

}  // namespace
}  // namespace tern::kernels
