// SPDX-License-Identifier: Apache-2.0
//
// State space: greedy and sampled picks, each cut alone and together, penalties by what was seen,
// bans, picks from the largest logits alone against picks from all, degenerate distributions,
// options out of range.
// Parameters: seeds.

#include "models/sampler.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

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
  for (const double p : {1e-9, 0.0}) {  // at least one
    seen = frequencies({.temperature = 1, .top_p = p});
    CHECK(seen[1] == Approx(1));
  }
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

using Ids = std::vector<TokenId>;

// Vocabulary of kVocab logits with many ties and zeros.
std::vector<float> some_logits(std::mt19937& rng) {
  std::vector<float> logits(60);
  for (float& v : logits) v = static_cast<float>(static_cast<int>(rng() % 17) - 8) / 2;
  return logits;
}

// The n first by logit, equal ones by id, shuffled.
struct Top {
  Ids ids;
  std::vector<float> logits;
  Top(const std::vector<float>& all, std::size_t n, std::mt19937& rng) : ids(all.size()) {
    std::iota(ids.begin(), ids.end(), 0u);
    std::stable_sort(ids.begin(), ids.end(), [&](auto a, auto b) { return all[a] > all[b]; });
    ids.resize(n);
    for (std::size_t i = n; i > 1; --i) std::swap(ids[i - 1], ids[rng() % i]);
    for (const TokenId id : ids) logits.push_back(all[id]);
  }
  LogitList list() const { return {ids, logits}; }
};

TEST_CASE("as many of the largest logits as wanted give what all of them give", "[models]") {
  std::mt19937 rng(11);
  for (int round = 0; round < 3000; ++round) {
    SamplerOptions o{
        .temperature = rng() % 3 == 0 ? 0.0 : 0.3 + 0.5 * static_cast<double>(rng() % 4),
        .top_k = 1 + rng() % 12,
        .top_p = rng() % 2 == 0 ? 1.0 : 0.6,
        .min_p = rng() % 2 == 0 ? 0.0 : 0.2,
        .repeat_penalty = rng() % 3 == 0 ? 1.0 : 1.0 + 0.25 * static_cast<double>(rng() % 5),
        .repeat_last = static_cast<std::int64_t>(rng() % 3) * 3 - 1};
    for (std::size_t i = rng() % 4; i > 0; --i)
      o.banned.push_back(static_cast<TokenId>(rng() % 60));
    o.seed = rng();
    Sampler few(o), all(o);
    for (int step = 0; step < 4; ++step) {
      const std::vector<float> logits = some_logits(rng);
      const std::size_t n = few.wanted();
      REQUIRE(n > 0);
      const Top top(logits, std::min(n + rng() % 3, logits.size()), rng);
      const TokenId id = few.pick(top.list());
      REQUIRE(id == all.pick(logits));
      Ids seen = {id};
      for (std::size_t i = rng() % 4; i > 0; --i) seen.push_back(static_cast<TokenId>(rng() % 60));
      few.saw(seen);
      all.saw(seen);
    }
  }
}

TEST_CASE("one logit fewer than wanted would not do", "[models]") {
  // Tokens 0 and 1 lead, are penalised, and fall behind 2.
  const std::vector<float> logits = {4.0f, 3.9f, 3.8f, 1.0f};
  std::mt19937 rng(1);
  Sampler sampler({.repeat_penalty = 2});
  sampler.saw(Ids{0, 1, 0});
  CHECK(sampler.wanted() == 3);
  CHECK(sampler.pick(Top(logits, 3, rng).list()) == 2);
  CHECK(sampler.pick(Top(logits, 2, rng).list()) == 0);
  Sampler picky({.banned = {0, 0, 1}});
  CHECK(picky.wanted() == 3);
  CHECK(picky.pick(Top(logits, 3, rng).list()) == 2);
}

TEST_CASE("what needs all logits asks for all", "[models]") {
  CHECK(Sampler({}).wanted() == 1);
  CHECK(Sampler({.temperature = 1}).wanted() == 0);
  CHECK(Sampler({.temperature = 1, .top_p = 0.9}).wanted() == 0);
  CHECK(Sampler({.temperature = 1, .top_k = 40}).wanted() == 40);
  CHECK(Sampler({.repeat_penalty = 0.9}).wanted() == 0);
  // All logits may come with ids, in any order.
  std::mt19937 rng(2);
  const std::vector<float> logits = some_logits(rng);
  Sampler a({.temperature = 1, .top_p = 0.8, .seed = 3}),
      b({.temperature = 1, .top_p = 0.8, .seed = 3});
  for (int i = 0; i < 50; ++i)
    REQUIRE(a.pick(logits) == b.pick(Top(logits, logits.size(), rng).list()));
}

TEST_CASE("a repeated token is penalised once while it is among the last", "[models]") {
  const std::vector<float> logits = {2.0f, 1.5f, -1.0f};
  Sampler sampler({.repeat_penalty = 2, .repeat_last = 2});
  CHECK(sampler.pick(logits) == 0);
  sampler.saw(Ids{0, 0});
  CHECK(sampler.pick(logits) == 1);  // 1 against 1.5
  sampler.saw(Ids{1});
  CHECK(sampler.pick(logits) == 0);  // 1 against 0.75
  sampler.saw(Ids{2});
  CHECK(sampler.pick(logits) == 0);  // 0 is forgotten
  // Twice the penalty would have let the negative one win.
  Sampler below({.repeat_penalty = 2, .repeat_last = -1});
  const std::vector<float> negative = {-1.0f, -2.5f};
  below.saw(Ids{0, 0, 0});
  CHECK(below.pick(negative) == 0);  // -2 against -2.5
  Sampler praise({.repeat_penalty = 0.5});
  praise.saw(Ids{1});
  CHECK(praise.pick(logits) == 1);  // 3 against 2
}

TEST_CASE("none or all of the tokens before are penalised as llama.cpp says it", "[models]") {
  const std::vector<float> logits = {2.0f, 1.5f};
  const Ids long_ago = [] {
    Ids ids(1000, 2);
    ids.front() = 0;
    return ids;
  }();
  for (const auto& [last, picked] : {std::pair(0, 0u), {1, 0u}, {999, 0u}, {1000, 1u}, {-1, 1u}}) {
    INFO(last);
    Sampler sampler({.repeat_penalty = 2, .repeat_last = last});
    sampler.saw(long_ago);
    CHECK(sampler.pick(logits) == picked);
    CHECK(sampler.wanted() == (last == 0 ? 1u : last == 1 || last == 999 ? 2u : 3u));
  }
  CHECK_THROWS_WITH(check({.repeat_last = -2}), Catch::Contains("repeat-last is -2"));
}

// The filters written down in the order of the header, on all logits.
std::set<TokenId> kept(std::vector<float> logits, const SamplerOptions& o, const Ids& seen) {
  std::vector<std::pair<double, TokenId>> c;  // of minus the logit
  for (TokenId i = 0; i < logits.size(); ++i) {
    if (std::count(o.banned.begin(), o.banned.end(), i) != 0) continue;
    double v = static_cast<double>(logits[i]);
    if (std::count(seen.begin(), seen.end(), i) != 0)
      v = v > 0 ? v / o.repeat_penalty : v * o.repeat_penalty;
    c.emplace_back(-v, i);
  }
  std::sort(c.begin(), c.end());
  if (o.top_k != 0 && o.top_k < c.size()) c.resize(o.top_k);
  double total = 0, sum = 0;
  for (const auto& [v, id] : c) total += std::exp(c[0].first - v);
  std::set<TokenId> ids;
  for (const auto& [v, id] : c) {
    if (sum >= o.top_p * total) break;
    sum += std::exp(c[0].first - v);
    if (std::exp(c[0].first - v) >= o.min_p) ids.insert(id);
  }
  return ids;
}

TEST_CASE("a draw keeps what the filters keep one after the other", "[models]") {
  std::mt19937 rng(21);
  for (int round = 0; round < 60; ++round) {
    // No cut falls on a tie of sums: the values of the options see to it.
    const SamplerOptions o{.temperature = 3,
                           .top_k = rng() % 20,
                           .top_p = std::array{1.0, 0.8177, 0.4133}[rng() % 3],
                           .min_p = std::array{0.0, 0.051, 0.33}[rng() % 3],
                           .repeat_penalty = std::array{1.0, 1.3, 0.7}[rng() % 3],
                           .banned = {static_cast<TokenId>(rng() % 60)},
                           .seed = rng()};
    const std::vector<float> logits = some_logits(rng);
    const Ids seen = {static_cast<TokenId>(rng() % 60), static_cast<TokenId>(rng() % 60)};
    Sampler sampler(o);
    sampler.saw(seen);
    std::set<TokenId> drawn;
    for (int i = 0; i < 3000; ++i) drawn.insert(sampler.pick(logits));
    const std::set<TokenId> expected = kept(logits, o, seen);
    INFO("top-k " << o.top_k << " top-p " << o.top_p << " min-p " << o.min_p);
    CHECK(std::includes(expected.begin(), expected.end(), drawn.begin(), drawn.end()));
    if (expected.size() <= 12) CHECK(drawn == expected);
  }
}

TEST_CASE("top-p and min-p cut before the temperature", "[models]") {
  // At temperature 1, 0.73 and 0.27: hot, both would be needed to reach 0.7.
  const std::vector<float> logits = {1.0f, 0.0f};
  Sampler hot({.temperature = 100, .top_p = 0.7});
  Sampler hot_min({.temperature = 100, .min_p = 0.5});
  for (int i = 0; i < 100; ++i) {
    CHECK(hot.pick(logits) == 0);
    CHECK(hot_min.pick(logits) == 0);
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
  CHECK_THROWS_WITH(Sampler({.top_p = -0.1}), Catch::Contains("top-p is -0.1"));
  CHECK_THROWS_WITH(Sampler({.min_p = 1.1}), Catch::Contains("min-p is 1.1"));
  CHECK_NOTHROW(Sampler({.top_p = 0, .min_p = 1}));
  CHECK_THROWS_WITH(Sampler({.top_p = 1.5}), Catch::Contains("top-p is 1.5"));
  CHECK_THROWS_WITH(Sampler({.min_p = -0.5}), Catch::Contains("min-p is -0.5"));
  CHECK_THROWS_WITH(Sampler({.repeat_penalty = 0}), Catch::Contains("repeat-penalty is 0"));
  CHECK_THROWS_WITH(Sampler({.banned = {0, 1}}).pick(std::array{1.0f, 2.0f}),
                    Catch::Contains("every token is banned"));
}

}  // namespace
}  // namespace tern::models
