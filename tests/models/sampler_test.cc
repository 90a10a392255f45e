// SPDX-License-Identifier: Apache-2.0
//
// State space: greedy and sampled picks, each cut alone and together, degenerate distributions,
// options out of range.
// Parameters: seeds.

#include "models/sampler.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace tern::models {
namespace {

constexpr std::array kLogits = {1.0f, 3.0f, 2.0f, 3.0f, -1.0f};
constexpr int kDraws = 20000;

std::array<double, 5> frequencies(SamplerOptions options) {
  Sampler sampler(options);
  std::array<double, 5> seen{};
  for (int i = 0; i < kDraws; ++i) seen[sampler.pick(kLogits)] += 1.0 / kDraws;
  return seen;
}

TEST_CASE("temperature zero picks the first of the largest", "[models]") {
  Sampler sampler({});
  CHECK(sampler.pick(kLogits) == 1);
  CHECK(sampler.pick(std::array{-5.0f}) == 0);
}

TEST_CASE("draws follow the softmax at the given temperature", "[models]") {
  const double temperature = GENERATE(0.5, 1.0, 3.0);
  const auto seen = frequencies({.temperature = temperature, .seed = 7});
  double total = 0;
  for (const float v : kLogits) total += std::exp(static_cast<double>(v) / temperature);
  for (std::size_t i = 0; i < 5; ++i) {
    const double p = std::exp(static_cast<double>(kLogits[i]) / temperature) / total;
    // Five standard deviations of a binomial.
    CHECK(std::fabs(seen[i] - p) <= 5 * std::sqrt(p * (1 - p) / kDraws));
  }
}

TEST_CASE("top-k and top-p leave out the rest", "[models]") {
  auto seen = frequencies({.temperature = 1, .top_k = 2});
  CHECK(seen[1] + seen[3] == Approx(1));
  CHECK(seen[1] == Approx(0.5).margin(0.02));
  seen = frequencies({.temperature = 1, .top_k = 1});
  CHECK(seen[1] == Approx(1));
  seen = frequencies({.temperature = 1, .top_k = 99});
  CHECK(seen[4] > 0);
  // The probabilities are 0.057, 0.388, 0.143, 0.388, 0.008 times 1.02: two reach 0.7, three 0.8.
  seen = frequencies({.temperature = 1, .top_p = 0.7});
  CHECK(seen[1] + seen[3] == Approx(1));
  seen = frequencies({.temperature = 1, .top_p = 0.85});
  CHECK(seen[1] + seen[2] + seen[3] == Approx(1));
  CHECK(seen[2] > 0);
  seen = frequencies({.temperature = 1, .top_p = 1e-9});
  CHECK(seen[1] == Approx(1));
  seen = frequencies({.temperature = 1, .top_k = 3, .top_p = 0.7});
  CHECK(seen[1] + seen[3] == Approx(1));
}

TEST_CASE("a seed gives one sequence on any standard library", "[models]") {
  Sampler a({.temperature = 1, .seed = 5}), b({.temperature = 1, .seed = 5});
  std::vector<TokenId> first, second;
  for (int i = 0; i < 12; ++i) first.push_back(a.pick(kLogits));
  for (int i = 0; i < 12; ++i) second.push_back(b.pick(kLogits));
  CHECK(first == second);
  // The same draws by hand: mt19937_64 is defined by the standard.
  std::mt19937_64 rng(5);
  for (const TokenId id : first) {
    double weights[5], total = 0;
    for (std::size_t i = 0; i < 5; ++i)
      total += weights[i] = std::exp(static_cast<double>(kLogits[i]) - 3.0);
    double u = static_cast<double>(rng() >> 11) / 9007199254740992.0 * total;
    TokenId expected = 0;
    while (u >= weights[expected]) u -= weights[expected++];
    CHECK(id == expected);
  }
}

TEST_CASE("extreme logits are no trouble and those that are not finite are an error", "[models]") {
  Sampler sampler({.temperature = 1e-300});
  CHECK(sampler.pick(std::array{0.0f, 1.0f}) == 1);
  Sampler hot({.temperature = 1e300});
  CHECK(hot.pick(std::array{-3e38f, 3e38f}) < 2);
  for (const float bad : {INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN()})
    CHECK_THROWS_WITH(hot.pick(std::array{0.0f, bad}), Catch::Contains("not finite"));
}

TEST_CASE("an option out of range is named", "[models]") {
  CHECK_THROWS_WITH(Sampler({.temperature = -1}), Catch::Contains("temperature is -1"));
  CHECK_THROWS_WITH(Sampler({.temperature = NAN}), Catch::Contains("temperature"));
  CHECK_THROWS_WITH(Sampler({.top_p = 0}), Catch::Contains("top-p is 0"));
  CHECK_THROWS_WITH(Sampler({.top_p = 1.5}), Catch::Contains("top-p is 1.5"));
}

}  // namespace
}  // namespace tern::models
