// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against the order of additions that gemv.h defines,
// bit by bit, and against float64 within the bound of that order; both sides of every step and of
// every number of rows per pass; magnitudes from subnormal to the largest, cancellation, zeros of
// both signs, infinity and NaN; arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "kernels/gemv.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

enum class Fill { kUniform, kWide, kSubnormal, kLargest, kCancelling, kNegativeZeros };

struct Problem {
  std::size_t rows, cols;
  std::vector<f16> w;    // [rows, cols]
  std::vector<float> x;  // [cols], binary16 values

  Problem(std::size_t rows_, std::size_t cols_, Fill fill, unsigned seed)
      : rows(rows_), cols(cols_), w(rows * cols), x(cols) {
    std::mt19937 rng(seed);
    const auto draw = [&](std::size_t k) -> f16 {
      const unsigned r = static_cast<unsigned>(rng());
      const unsigned sign = r & 0x8000;
      switch (fill) {
        case Fill::kUniform:  // [-2, 2), mostly near 1
          return static_cast<f16>(sign | (0x3800 + r % 0x0800));
        case Fill::kWide:  // every finite magnitude is as likely
          return static_cast<f16>(sign | (r >> 16) % 0x7c00);
        case Fill::kSubnormal:
          return static_cast<f16>(sign | (r >> 16) % 0x0400);
        case Fill::kLargest:
          return 0x7bff;
        case Fill::kCancelling:
          return static_cast<f16>((k % 32 < 16 ? 0x8000u : 0u) | 0x7000u);
        case Fill::kNegativeZeros:
          return k % 2 == 0 ? 0x8000 : 0x0000;
      }
      return 0;
    };
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = draw(i % cols);
    for (std::size_t k = 0; k < cols; ++k)
      x[k] = f16_to_f32(fill == Fill::kCancelling ? f16{0x4001} : draw(k));
  }

  // gemv.h, word by word. volatile keeps the compiler from fusing or reordering anything.
  std::vector<float> defined() const {
    std::vector<float> y(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      volatile float a[16] = {};
      for (std::size_t l = 0; l < 16; ++l)
        for (std::size_t k = l; k < cols; k += 16) {
          const volatile float product = f16_to_f32(w[r * cols + k]) * x[k];
          a[l] = a[l] + product;
        }
      for (const std::size_t s : {8, 4, 2, 1})
        for (std::size_t i = 0; i < s; ++i) a[i] = a[i] + a[i + s];
      y[r] = a[0];
    }
    return y;
  }
};

void check_all_kernels(const Problem& p) {
  const Guarded<f16> w(p.w);
  const Guarded<float> x(p.x);
  const std::vector<float> defined = p.defined();
  for (const auto& kernel : gemv_f16_kernels()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    const Guarded<float> y(std::vector<float>(p.rows, -1.0f));
    kernel.run({w.data(), p.rows, p.cols}, x.data(), y.data());
    for (std::size_t r = 0; r < p.rows; ++r) {
      INFO(kernel.name << " rows=" << p.rows << " cols=" << p.cols << " row " << r << ": "
                       << y.data()[r] << " for " << defined[r]);
      REQUIRE(std::bit_cast<unsigned>(y.data()[r]) == std::bit_cast<unsigned>(defined[r]));
    }
  }
}

TEST_CASE("gemv_f16 gives the bits that gemv.h defines at every edge of its shapes", "[kernels]") {
  const auto fill = GENERATE(Fill::kUniform, Fill::kWide);
  for (const std::size_t cols :
       {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 255, 256, 257, 997, 2560})
    for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 15, 17})
      check_all_kernels(Problem(rows, cols, fill, static_cast<unsigned>(rows * cols)));
}

TEST_CASE("gemv_f16 gives the defined bits where the weights exceed the caches", "[kernels]") {
  // Kernels read them by other numbers of rows at once: short rows, then rows longer than L1.
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{223, 2565}, {63, 9001}})
    check_all_kernels(Problem(rows, cols, Fill::kUniform, 4));
}

TEST_CASE("gemv_f16 gives the defined bits for extreme values", "[kernels]") {
  const auto fill = GENERATE(Fill::kWide, Fill::kSubnormal, Fill::kLargest, Fill::kCancelling,
                             Fill::kNegativeZeros);
  for (const std::size_t cols : {1, 13, 16, 48, 61, 6912, 65536})
    for (const std::size_t rows : {1, 9}) check_all_kernels(Problem(rows, cols, fill, 3));
}

TEST_CASE("gemv_f16 is within the rounding bound of float64", "[kernels]") {
  // A term passes ceil(cols / 16) additions in its accumulator, the first of them exact, and four
  // in the tree; each rounds by at most u = 2^-24, relative (Higham, Accuracy and Stability of
  // Numerical Algorithms, section 4.2).
  for (const auto fill : {Fill::kUniform, Fill::kWide, Fill::kSubnormal})
    for (const std::size_t cols : {1, 16, 17, 257, 2560, 6912, 65536}) {
      const Problem p(9, cols, fill, static_cast<unsigned>(cols));
      const double roundings = static_cast<double>((cols + 15) / 16 - 1 + 4);
      const double gamma = roundings * 0x1p-24 / (1 - roundings * 0x1p-24);
      for (const auto& kernel : gemv_f16_kernels()) {
        if (!host_has(kernel.isa)) continue;
        std::vector<float> y(p.rows);
        kernel.run({p.w.data(), p.rows, p.cols}, p.x.data(), y.data());
        for (std::size_t r = 0; r < p.rows; ++r) {
          double exact = 0.0, magnitude = 0.0;
          for (std::size_t k = 0; k < cols; ++k) {
            const double product = double{f16_to_f32(p.w[r * cols + k])} * double{p.x[k]};
            exact += product;
            magnitude += std::fabs(product);
          }
          INFO(kernel.name << " cols=" << cols << " row " << r);
          // The second term is the float64 sum's own error.
          CHECK(std::fabs(double{y[r]} - exact) <=
                gamma * magnitude + static_cast<double>(cols) * 0x1p-53 * magnitude);
        }
      }
    }
}

TEST_CASE("gemv_f16 carries infinity and NaN to the result of their row alone", "[kernels]") {
  for (const std::size_t at : {0, 15, 16, 32}) {
    Problem p(9, 33, Fill::kUniform, 2);
    p.w[2 * 33 + at] = 0x7c00;
    p.w[5 * 33 + at] = 0x7e01;
    for (const auto& kernel : gemv_f16_kernels()) {
      if (!host_has(kernel.isa)) continue;
      std::vector<float> y(9);
      kernel.run({p.w.data(), p.rows, p.cols}, p.x.data(), y.data());
      for (std::size_t r = 0; r < 9; ++r) {
        INFO(kernel.name << " column " << at << " row " << r);
        CHECK(std::isinf(y[r]) == (r == 2));
        CHECK(std::isnan(y[r]) == (r == 5));
      }
    }
  }
}

TEST_CASE("gemv_f16 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  const Problem p(9, 321, Fill::kUniform, 3);
  const std::vector<float> defined = p.defined();
  for (const auto& kernel : gemv_f16_kernels()) {
    if (!host_has(kernel.isa)) continue;
    for (const std::size_t shift : {1, 3, 7, 15}) {
      std::vector<f16> w(shift);
      std::vector<float> x(shift);
      w.insert(w.end(), p.w.begin(), p.w.end());
      x.insert(x.end(), p.x.begin(), p.x.end());
      std::vector<float> y(p.rows + 2, 77.0f);
      kernel.run({w.data() + shift, p.rows, p.cols}, x.data() + shift, y.data() + 1);
      INFO(kernel.name << " shift=" << shift);
      CHECK(y.front() == 77.0f);
      CHECK(y.back() == 77.0f);
      CHECK(std::vector<float>(y.begin() + 1, y.end() - 1) == defined);
    }
  }
}

}  // namespace
}  // namespace tern::kernels
