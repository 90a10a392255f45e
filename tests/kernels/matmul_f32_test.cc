// SPDX-License-Identifier: Apache-2.0
//
// State space: every f32 kernel the host can run, and the stand-ins, against the order of
// additions that dense.h defines, bit by bit, or within the bound it states; both sides of every
// step, tile and cut; magnitudes whose products underflow; the largest values, zeros of
// both signs, infinity and NaN; strides, odd addresses, arrays that end at an unreadable page.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include "tests/kernels/matmul_float.h"

namespace tern::kernels {
namespace {

struct F32 {
  using W = float;
  static constexpr W infinity = std::numeric_limits<float>::infinity(),
                     nan = std::numeric_limits<float>::quiet_NaN();
  static auto table() { return matmul_f32_kernels(); }

  static double meaning(W w) { return double{w}; }
  static W draw(Fill fill, std::mt19937& rng) {
    const unsigned r = static_cast<unsigned>(rng());
    const unsigned sign = r & 0x8000'0000u;
    switch (fill) {
      case Fill::kUniform:  // magnitudes 0.5 to 2
        return std::bit_cast<float>(sign | (0x3f00'0000u + r % 0x0100'0000u));
      case Fill::kWide:  // 2^-60 to 2^60
        return std::bit_cast<float>(sign | (67 + r % 120) << 23 | (r >> 8 & 0x7f'ffffu));
      case Fill::kTiny:  // products underflow
        return std::bit_cast<float>(sign | (r % 80) << 23 | (r >> 8 & 0x7f'ffffu));
      case Fill::kLargest:
        return std::numeric_limits<float>::max();
      case Fill::kZeros:
        return std::bit_cast<float>(sign);
    }
    return 0;
  }
  static float activation(Fill fill, std::mt19937& rng) { return draw(fill, rng); }
};

TEST_CASE("matmul_f32 gives the bits that dense.h defines at every edge of its shapes",
          "[kernels]") {
  check_edges<F32>();
}

TEST_CASE("matmul_f32 gives the defined bits for long rows", "[kernels]") {
  check_long_rows<F32>();
}

TEST_CASE("matmul_f32 gives the defined bits for extreme values", "[kernels]") {
  check_extremes<F32>();
}

TEST_CASE("matmul_f32 is within the rounding bound of float64", "[kernels]") {
  check_float64_bound<F32>();
}

TEST_CASE("matmul_f32 carries infinity and NaN to the result of their row alone", "[kernels]") {
  check_specials<F32>();
}

TEST_CASE("matmul_f32 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  check_alignment<F32>();
}

}  // namespace
}  // namespace tern::kernels
