// SPDX-License-Identifier: Apache-2.0
//
// State space: random binary16 of every size, subnormal ones, those whose exact sum needs more bits
// than a double has, ties, cancellation to zero of either sign, infinities and NaN; 8 to 64 lanes.
// The oracle adds integers of 2^-48.

#include "sim/fp16_dot.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/sim/operands.h"

namespace tern::sim {
namespace {

TEST_CASE("an FP16 dot product is the rounded exact sum of each step, added up in binary32",
          "[sim]") {
  std::mt19937 rng(5);
  for (int i = 0; i < 400; ++i) {
    const std::size_t lanes = std::size_t{8} << (i % 4), cols = lanes * (1 + rng() % 4);
    const Fp16Operands o(rng, 3, cols, 1, i % 3 == 0 ? Values::kExtreme : Values::kRandom);
    const std::vector<float> y = o.product(lanes);
    for (std::size_t r = 0; r < 3; ++r) {
      std::vector<float> w(cols);
      kernels::f16_to_f32(o.w.data() + r * cols, cols, w.data());
      REQUIRE(std::bit_cast<std::uint32_t>(fp16_dot(w.data(), o.x.data(), cols, lanes)) ==
              std::bit_cast<std::uint32_t>(y[r]));
    }
  }
}

TEST_CASE("an FP16 dot product keeps what a double would lose, and its zeros are positive",
          "[sim]") {
  const float big = 65504, tiny = 0x1p-24f;
  const float w[4] = {big, tiny, -big, -tiny}, x[4] = {big, tiny, big, 1};
  // big^2 + 2^-48 - big^2 - 2^-24.
  CHECK(fp16_dot(w, x, 4, 4) == 0x1p-48f - 0x1p-24f);
  const float minus[4] = {-0.0f, -0.0f, -0.0f, -0.0f}, ones[4] = {1, 1, 1, 1};
  CHECK_FALSE(std::signbit(fp16_dot(minus, ones, 4, 4)));
  const float tie[4] = {0x1p12f, 0x1p-12f, 0, 0};  // 2^12 + 2^-12: to even
  CHECK(fp16_dot(tie, ones, 4, 4) == 0x1p12f);
  const float infinite[4] = {std::numeric_limits<float>::infinity(), 1, 1, 1};
  CHECK(std::isinf(fp16_dot(infinite, ones, 4, 4)));
  const float zero[4] = {0, 1, 1, 1};
  CHECK(std::bit_cast<std::uint32_t>(fp16_dot(infinite, zero, 4, 4)) == 0x7fc00000u);
}

}  // namespace
}  // namespace tern::sim
