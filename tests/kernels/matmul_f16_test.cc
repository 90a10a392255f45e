// SPDX-License-Identifier: Apache-2.0
//
// State space: every f16 kernel the host can run, and the stand-ins, against the order of
// additions that dense.h defines, bit by bit, or within the bound it states; both sides of every
// step, tile and cut; binary16 subnormals; the largest values, zeros of
// both signs, infinity and NaN; strides, odd addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include "tests/kernels/matmul_float.h"

namespace tern::kernels {
namespace {

struct F16 {
  using W = f16;
  static constexpr W infinity = 0x7c00, nan = 0x7e01;
  static auto table() { return matmul_f16_kernels(); }

  static double meaning(W w) {
    const int exponent = w >> 10 & 31, fraction = w & 0x3ff;
    const double sign = (w & 0x8000) != 0 ? -1 : 1;
    if (exponent == 31)
      return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                           : sign * std::numeric_limits<double>::infinity();
    return sign *
           (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
  }
  static W draw(Fill fill, std::mt19937& rng) {
    const unsigned r = static_cast<unsigned>(rng());
    const unsigned sign = r & 0x8000;
    switch (fill) {
      case Fill::kUniform:  // magnitudes 0.5 to 2
        return static_cast<f16>(sign | (0x3800 + r % 0x0800));
      case Fill::kWide:  // every finite magnitude is as likely
        return static_cast<f16>(sign | (r >> 16) % 0x7c00);
      case Fill::kTiny:  // subnormal
        return static_cast<f16>(sign | (r >> 16) % 0x0400);
      case Fill::kLargest:
        return 0x7bff;
      case Fill::kZeros:
        return static_cast<f16>(sign);
    }
    return 0;
  }
  static float activation(Fill fill, std::mt19937& rng) {
    return static_cast<float>(meaning(draw(fill, rng)));
  }
};

TEST_CASE("matmul_f16 gives the bits that dense.h defines at every edge of its shapes",
          "[kernels]") {
  check_edges<F16>();
}

TEST_CASE("matmul_f16 gives the defined bits for long rows", "[kernels]") {
  check_long_rows<F16>();
}

TEST_CASE("matmul_f16 gives the defined bits for extreme values", "[kernels]") {
  check_extremes<F16>();
}

TEST_CASE("matmul_f16 is within the rounding bound of float64", "[kernels]") {
  check_float64_bound<F16>();
}

TEST_CASE("matmul_f16 carries infinity and NaN to the result of their row alone", "[kernels]") {
  check_specials<F16>();
}

TEST_CASE("matmul_f16 decodes every code as its definition says", "[kernels]") {
  check_every_code<F16>(65536);
}

TEST_CASE("matmul_f16 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  check_alignment<F16>();
}

}  // namespace
}  // namespace tern::kernels
