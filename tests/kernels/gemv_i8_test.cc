// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against the plain sum of products: both sides of
// every step and of every number of rows per pass; random data over the full range; the extremes
// -128 * -128, -128 * 127, 127 * 127 up to 65536 columns; arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include <catch2/catch.hpp>
#include <random>
#include <utility>
#include <vector>

#include "kernels/gemv.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

using Bytes = std::vector<std::int8_t>;

Bytes random_bytes(std::size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  Bytes v(n);
  for (std::int8_t& b : v) b = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
  return v;
}

std::vector<std::int32_t> expected(const Bytes& w, const Bytes& x) {
  std::vector<std::int32_t> y(w.size() / x.size(), 0);
  for (std::size_t i = 0; i < w.size(); ++i) y[i / x.size()] += w[i] * x[i % x.size()];
  return y;
}

void check_all_kernels(const Bytes& weights, const Bytes& activations) {
  const Guarded<std::int8_t> w(weights), x(activations);
  const std::vector<std::int32_t> sums = expected(weights, activations);
  for (const auto& kernel : gemv_i8_kernels()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    INFO(kernel.name << " rows=" << sums.size() << " cols=" << activations.size());
    const Guarded<std::int32_t> y(std::vector<std::int32_t>(sums.size(), -1));
    kernel.run({w.data(), sums.size(), activations.size()}, x.data(), y.data());
    CHECK(std::vector<std::int32_t>(y.data(), y.data() + sums.size()) == sums);
  }
}

TEST_CASE("gemv_i8 equals the sum of products at every edge of its shapes", "[kernels]") {
  for (const std::size_t cols :
       {1, 2, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 997, 2560})
    for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 15, 17})
      check_all_kernels(random_bytes(rows * cols, static_cast<unsigned>(rows * cols)),
                        random_bytes(cols, static_cast<unsigned>(cols)));
}

TEST_CASE("gemv_i8 is exact where the weights exceed the caches", "[kernels]") {
  // Kernels read them by other numbers of rows at once: short rows, then rows longer than L1.
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{423, 2565}, {63, 20001}})
    check_all_kernels(random_bytes(rows * cols, 1), random_bytes(cols, 2));
}

TEST_CASE("gemv_i8 neither saturates nor wraps at the extremes up to 65536 columns", "[kernels]") {
  const int weight = GENERATE(-128, 127);
  const int activation = GENERATE(-128, 127);
  for (const std::size_t cols : {1, 2, 63, 64, 2560, 65535, 65536})
    for (const std::size_t rows : {1, 9})
      check_all_kernels(Bytes(rows * cols, static_cast<std::int8_t>(weight)),
                        Bytes(cols, static_cast<std::int8_t>(activation)));
}

TEST_CASE("gemv_i8 multiplies every pair of bytes exactly", "[kernels]") {
  // Row r holds weight r - 128 everywhere but where a lone activation meets it.
  for (int a = -128; a < 128; ++a) {
    Bytes w(256 * 3), x(3, 0);
    for (std::size_t r = 0; r < 256; ++r)
      for (std::size_t k = 0; k < 3; ++k)
        w[r * 3 + k] = static_cast<std::int8_t>(static_cast<int>(r) - 128);
    x[static_cast<std::size_t>(a + 128) % 3] = static_cast<std::int8_t>(a);
    check_all_kernels(w, x);
  }
}

TEST_CASE("gemv_i8 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  const Bytes w = random_bytes(9 * 321, 5), x = random_bytes(321, 6);
  const std::vector<std::int32_t> sums = expected(w, x);
  for (const auto& kernel : gemv_i8_kernels()) {
    if (!host_has(kernel.isa)) continue;
    for (const std::size_t shift : {1, 3, 17, 33, 63}) {
      Bytes ws(shift), xs(shift);
      ws.insert(ws.end(), w.begin(), w.end());
      xs.insert(xs.end(), x.begin(), x.end());
      std::vector<std::int32_t> y(sums.size() + 2, 77);
      kernel.run({ws.data() + shift, sums.size(), x.size()}, xs.data() + shift, y.data() + 1);
      INFO(kernel.name << " shift=" << shift);
      CHECK(y.front() == 77);
      CHECK(y.back() == 77);
      CHECK(std::vector<std::int32_t>(y.begin() + 1, y.end() - 1) == sums);
    }
  }
}

}  // namespace
}  // namespace tern::kernels
