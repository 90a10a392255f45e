// SPDX-License-Identifier: Apache-2.0
//
// State space: every e4m3 kernel the host can run, and the stand-ins, against the order of
// additions that dense.h defines, bit by bit, or within the bound it states; both sides of every
// step, tile and cut; subnormals, activations whose products underflow; the largest values, zeros
// of both signs, infinity and NaN; strides, odd addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include "tests/kernels/matmul_float.h"

namespace tern::kernels {
namespace {

struct E4m3 {
  using W = f8;
  static constexpr W infinity = 0x7f, nan = 0xff;
  static auto table() { return matmul_e4m3_kernels(); }

  static double meaning(W w) {
    const int exponent = w >> 3 & 15, fraction = w & 7;
    const double sign = (w & 0x80) != 0 ? -1 : 1;
    if (exponent == 15 && fraction == 7) return std::numeric_limits<double>::quiet_NaN();
    return sign *
           (exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10));
  }
  static W draw(Fill fill, std::mt19937& rng) {
    const unsigned r = static_cast<unsigned>(rng());
    const unsigned sign = r & 0x80;
    switch (fill) {
      case Fill::kUniform:  // magnitudes 0.5 to 2
        return static_cast<f8>(sign | (0x30 + (r >> 16) % 16));
      case Fill::kWide:  // every finite magnitude is as likely
        return static_cast<f8>(sign | (r >> 16) % 0x7f);
      case Fill::kTiny:  // subnormal
        return static_cast<f8>(sign | (r >> 16) % 8);
      case Fill::kLargest:
        return 0x7e;
      case Fill::kZeros:
        return static_cast<f8>(sign);
    }
    return 0;
  }
  static float activation(Fill fill, std::mt19937& rng) {
    const unsigned r = static_cast<unsigned>(rng());
    const unsigned sign = r & 0x8000'0000u, fraction = r >> 8 & 0x7f'ffffu;
    switch (fill) {
      case Fill::kTiny:  // products underflow, some to -0
        return std::bit_cast<float>(sign | fraction >> (r % 24));
      case Fill::kWide:  // 2^-60 to 2^60
        return std::bit_cast<float>(sign | (67 + r % 120) << 23 | fraction);
      case Fill::kLargest:
        return std::numeric_limits<float>::max();
      default:  // magnitudes 1 to 2
        return std::bit_cast<float>(sign | 127u << 23 | fraction);
    }
  }
};

TEST_CASE("matmul_e4m3 gives the bits that dense.h defines at every edge of its shapes",
          "[kernels]") {
  check_edges<E4m3>();
}

TEST_CASE("matmul_e4m3 gives the defined bits for long rows", "[kernels]") {
  check_long_rows<E4m3>();
}

TEST_CASE("matmul_e4m3 gives the defined bits for extreme values", "[kernels]") {
  check_extremes<E4m3>();
}

TEST_CASE("matmul_e4m3 gives the defined bits for the largest activations of small weights",
          "[kernels]") {
  for (const std::size_t cols : {1, 31, 33, 130}) {
    FloatProblem<E4m3> p({5, cols, 1}, Fill::kTiny, 7);
    p.x.assign(cols, std::numeric_limits<float>::max());
    check_problem(p);
  }
}

TEST_CASE("matmul_e4m3 is within the rounding bound of float64", "[kernels]") {
  check_float64_bound<E4m3>();
}

TEST_CASE("matmul_e4m3 carries infinity and NaN to the result of their row alone", "[kernels]") {
  check_specials<E4m3>();
}

TEST_CASE("matmul_e4m3 decodes every code as its definition says", "[kernels]") {
  check_every_code<E4m3>(256);
}

TEST_CASE("matmul_e4m3 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  check_alignment<E4m3>();
}

}  // namespace
}  // namespace tern::kernels
