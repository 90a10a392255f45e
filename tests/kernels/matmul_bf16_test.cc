// SPDX-License-Identifier: Apache-2.0
//
// State space: every bf16 kernel the host can run, and the stand-ins, against the order of
// additions that dense.h defines, bit by bit, or within the bound it states; both sides of every
// step, tile and cut; bfloat16 subnormals and products that underflow; the largest values, zeros of
// both signs, infinity and NaN; strides, odd addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include "tests/kernels/matmul_float.h"

namespace tern::kernels {
namespace {

struct Bf16 {
  using W = bf16;
  static constexpr W infinity = 0x7f80, nan = 0x7fc1;
  static auto table() { return matmul_bf16_kernels(); }

  static double meaning(W w) {
    const int exponent = w >> 7 & 255, fraction = w & 0x7f;
    const double sign = (w & 0x8000) != 0 ? -1 : 1;
    if (exponent == 255)
      return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                           : sign * std::numeric_limits<double>::infinity();
    return sign * (exponent == 0 ? std::ldexp(fraction, -133)
                                 : std::ldexp(128 + fraction, exponent - 134));
  }
  static W draw(Fill fill, std::mt19937& rng) {
    const unsigned r = static_cast<unsigned>(rng());
    const unsigned sign = r & 0x8000;
    switch (fill) {
      case Fill::kUniform:  // magnitudes 0.5 to 2
        return static_cast<bf16>(sign | (0x3f00 + r % 0x0100));
      case Fill::kWide:  // 2^-60 to 2^60
        return static_cast<bf16>(sign | ((67 << 7) + (r >> 16) % (120 << 7)));
      case Fill::kTiny:  // products underflow; some subnormal
        return static_cast<bf16>(sign | (r >> 16) % (80 << 7));
      case Fill::kLargest:  // whose sums do not overflow: instructions differ in what they do then
        return 0x5c80;
      case Fill::kZeros:
        return static_cast<bf16>(sign);
    }
    return 0;
  }
  static float activation(Fill fill, std::mt19937& rng) {
    return static_cast<float>(meaning(draw(fill, rng)));
  }
};

TEST_CASE("matmul_bf16 gives the bits that dense.h defines at every edge of its shapes",
          "[kernels]") {
  check_edges<Bf16>();
}

TEST_CASE("matmul_bf16 gives the defined bits for long rows", "[kernels]") {
  check_long_rows<Bf16>();
}

TEST_CASE("matmul_bf16 gives the defined bits for extreme values", "[kernels]") {
  check_extremes<Bf16>();
}

TEST_CASE("matmul_bf16 is within the rounding bound of float64", "[kernels]") {
  check_float64_bound<Bf16>();
}

TEST_CASE("matmul_bf16 carries infinity and NaN to the result of their row alone", "[kernels]") {
  check_specials<Bf16>();
}

TEST_CASE("matmul_bf16 decodes every code as its definition says", "[kernels]") {
  check_every_code<Bf16>(65536);
}

TEST_CASE("matmul_bf16 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  check_alignment<Bf16>();
}

}  // namespace
}  // namespace tern::kernels
