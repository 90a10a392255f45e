// SPDX-License-Identifier: Apache-2.0
//
// State space: streams by seed, name and row; trits of any sparsity, normal numbers; lengths that
// are no multiple of what is drawn at once.
// Parameters: fractions of zeros.

#include "models/random_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace tern::models {
namespace {

std::vector<std::int8_t> trits(RandomStream stream, double zeros, std::size_t n) {
  std::vector<std::int8_t> t(n);
  stream.trits(zeros, t.data(), n);
  return t;
}

TEST_CASE("a stream depends on seed name and row alone", "[models]") {
  const auto draw = [](std::uint64_t seed, const char* name, std::uint64_t row) {
    return trits({seed, name, row}, 0.4, 1000);
  };
  CHECK(draw(1, "a", 0) == draw(1, "a", 0));
  for (const auto& other : {draw(2, "a", 0), draw(1, "b", 0), draw(1, "a", 1)})
    CHECK(draw(1, "a", 0) != other);
}

TEST_CASE("trits have the asked fraction of zeros and even signs", "[models]") {
  const double zeros = GENERATE(0.0, 0.25, 0.43, 0.9, 1.0);
  constexpr std::size_t kN = 1 << 20;
  const auto t = trits({7, "t", 0}, zeros, kN);
  const auto count = [&](int trit) {
    return static_cast<double>(std::count(t.begin(), t.end(), trit)) / kN;
  };
  CHECK(count(-1) + count(0) + count(1) == 1);
  // Five standard deviations.
  const double sigma = 5 * 0.5 / std::sqrt(static_cast<double>(kN));
  CHECK(std::fabs(count(0) - zeros) <= (zeros == 0 || zeros == 1 ? 0 : sigma));
  CHECK(std::fabs(count(1) - count(-1)) <= 2 * sigma);
}

TEST_CASE("a longer draw begins with the shorter one", "[models]") {
  const auto all = trits({3, "t", 5}, 0.43, 1031);
  for (const std::size_t n : {1, 3, 4, 255, 256, 257, 1030})
    CHECK(std::equal(all.begin(), all.begin() + static_cast<long>(n),
                     trits({3, "t", 5}, 0.43, n).begin()));
}

TEST_CASE("normal numbers have the moments of the normal distribution", "[models]") {
  constexpr std::size_t kN = 1 << 20;
  std::vector<float> x(kN);
  RandomStream(9, "x", 0).normal(2.0f, x.data(), kN);
  double mean = 0, square = 0, fourth = 0, within = 0;
  for (const float v : x) {
    const double z = static_cast<double>(v) / 2;
    mean += z / kN;
    square += z * z / kN;
    fourth += z * z * z * z / kN;
    within += std::fabs(z) < 1 ? 1.0 / kN : 0;
  }
  CHECK(std::fabs(mean) < 5e-3);
  CHECK(std::fabs(square - 1) < 1e-2);
  CHECK(std::fabs(fourth - 3) < 5e-2);
  CHECK(std::fabs(within - 0.6827) < 3e-3);
  CHECK(*std::max_element(x.begin(), x.end()) < 2 * 4.4f);
}

}  // namespace
}  // namespace tern::models
