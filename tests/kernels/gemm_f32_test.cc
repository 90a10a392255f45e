// SPDX-License-Identifier: Apache-2.0
//
// State space: every row of the gemm_f32 table against float64; sizes on both sides of the register
// tile and of every block; all four transpositions; a padded C whose padding stays; arrays that end
// at an unreadable page.
// Parameters: the table itself.

#include "kernels/gemm_f32.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

struct Operand {
  Guarded<float> data;
  StridedView view;

  Operand(std::size_t rows, std::size_t cols, bool transposed, std::mt19937& rng)
      : data(std::vector<float>(rows * cols)) {
    for (std::size_t i = 0; i < rows * cols; ++i)
      data.data()[i] = (static_cast<float>(rng() % 2001) - 1000.0f) / 997.0f;
    const auto r = static_cast<std::ptrdiff_t>(rows), c = static_cast<std::ptrdiff_t>(cols);
    view = transposed ? StridedView{data.data(), 1, r} : StridedView{data.data(), c, 1};
  }
  double at(std::size_t i, std::size_t j) const {
    return view.data[static_cast<std::ptrdiff_t>(i) * view.row_stride +
                     static_cast<std::ptrdiff_t>(j) * view.col_stride];
  }
};

void check_product(const Kernel<GemmF32Fn>& kernel, std::size_t m, std::size_t n, std::size_t k,
                   bool ta, bool tb) {
  INFO(kernel.name << " m=" << m << " n=" << n << " k=" << k << " ta=" << ta << " tb=" << tb);
  std::mt19937 rng(static_cast<unsigned>(m + 3 * n + 7 * k));
  const Operand a(m, k, ta, rng), b(k, n, tb, rng);
  const std::size_t ldc = n + 3;
  const Guarded<float> guarded(std::vector<float>(m * ldc, 0.5f));
  float* c = guarded.data();
  kernel.run(m, n, k, a.view, b.view, c, ldc);

  std::size_t wrong = 0, spilt = 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0.5, magnitude = 0.5;
      for (std::size_t p = 0; p < k; ++p) {
        sum += a.at(i, p) * b.at(p, j);
        magnitude += std::abs(a.at(i, p) * b.at(p, j));
      }
      const double bound = static_cast<double>(k + 1) * 0x1p-23 * magnitude;
      wrong += std::abs(static_cast<double>(c[i * ldc + j]) - sum) > bound;
    }
    for (std::size_t j = n; j < ldc; ++j) spilt += c[i * ldc + j] != 0.5f;
  }
  CHECK(wrong == 0);
  CHECK(spilt == 0);
}

TEST_CASE("gemm_f32 equals the float64 product within the bound of its sum", "[kernels][gemm]") {
  constexpr std::array<std::array<std::size_t, 3>, 10> kShapes = {{{1, 1, 1},
                                                                   {5, 15, 2},
                                                                   {6, 16, 3},
                                                                   {12, 32, 7},
                                                                   {13, 33, 255},
                                                                   {11, 31, 256},
                                                                   {7, 17, 257},
                                                                   {143, 64, 5},
                                                                   {145, 40, 9},
                                                                   {3, 513, 65}}};
  for (const Kernel<GemmF32Fn>& kernel : gemm_f32_kernels()) {
    if (!host_has(kernel.isa)) continue;
    for (const auto& [m, n, k] : kShapes)
      for (const bool ta : {false, true})
        for (const bool tb : {false, true}) check_product(kernel, m, n, k, ta, tb);
  }
}

TEST_CASE("gemm_f32 leaves C alone when the inner dimension is empty", "[kernels][gemm]") {
  for (const Kernel<GemmF32Fn>& kernel : gemm_f32_kernels()) {
    if (!host_has(kernel.isa)) continue;
    const float unused = 9;
    std::vector<float> c = {1, 2, 3, 4};
    kernel.run(2, 2, 0, {&unused, 0, 1}, {&unused, 1, 0}, c.data(), 2);
    CHECK(c == std::vector<float>{1, 2, 3, 4});
  }
}

}  // namespace
}  // namespace tern::kernels
