// SPDX-License-Identifier: Apache-2.0
//
// State space: attention over the cache against float64, with grouped and single heads, batches
// that begin at 0, inside a segment and across segments; every token alone against its batch, on
// every ISA and 1 to 4 threads, bit by bit; each format within its own rounding.
// Parameters: shapes, formats, first positions.

#include "models/attention.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using kernels::KvFormat;

struct Shape {
  std::size_t heads, kv_heads, head_dim;
};
constexpr Shape kShapes[] = {{4, 2, 32}, {3, 3, 10}, {5, 1, 16}, {71, 1, 8}, {20, 5, 64}};

Config config_of(const Shape& s) {
  Config c = tiny_config();
  c.layers = 2;
  c.heads = s.heads;
  c.kv_heads = s.kv_heads;
  c.head_dim = s.head_dim;
  return c;
}

struct Operands {
  Operands(const Config& c, std::size_t positions, unsigned seed) {
    std::mt19937 rng(seed);
    k = noise(rng, positions * c.kv_dim(), 1.0f);
    v = noise(rng, positions * c.kv_dim(), 1.0f);
    q = noise(rng, positions * c.q_dim(), 1.0f);
  }
  std::vector<float> k, v, q;
};

// Tokens [first, first + tokens) in batches, over layer 1 of a cache that holds all of them.
std::vector<float> run(const Config& c, const Operands& o, std::size_t first, std::size_t tokens,
                       std::size_t batch, KvFormat format, kernels::Isa isa, unsigned threads) {
  kernels::ThreadPool pool(threads);
  KvCache cache(c, format, isa, &pool);
  cache.reserve(first + tokens);
  const std::vector<float> other(o.k.size(), 9.0f);
  cache.append(0, 0, first + tokens, other.data(), other.data());
  cache.append(1, 0, first + tokens, o.k.data(), o.v.data());
  Attention attention(c, vector_ops(isa), &pool);
  std::vector<float> out(tokens * c.q_dim());
  for (std::size_t t = 0; t < tokens; t += batch)
    attention.run(o.q.data() + (first + t) * c.q_dim(), std::min(batch, tokens - t), first + t,
                  cache, 1, out.data() + t * c.q_dim());
  return out;
}

double worst_error(const Config& c, const Operands& o, std::size_t first, std::size_t tokens,
                   const std::vector<float>& out) {
  const std::size_t d = c.head_dim;
  double worst = 0;
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t h = 0; h < c.heads; ++h) {
      const std::size_t kv = h / (c.heads / c.kv_heads) * d;
      const auto at = [&](const std::vector<float>& x, std::size_t p, std::size_t i) {
        return static_cast<double>(x[p * c.kv_dim() + kv + i]);
      };
      std::vector<double> p;
      double sum = 0;
      for (std::size_t pos = 0; pos <= first + t; ++pos) {
        double score = 0;
        for (std::size_t i = 0; i < d; ++i)
          score += static_cast<double>(o.q[(first + t) * c.q_dim() + h * d + i]) * at(o.k, pos, i);
        p.push_back(std::exp(score / std::sqrt(static_cast<double>(d))));
        sum += p.back();
      }
      for (std::size_t i = 0; i < d; ++i) {
        double expected = 0;
        for (std::size_t pos = 0; pos < p.size(); ++pos) expected += p[pos] / sum * at(o.v, pos, i);
        worst = std::max(worst,
                         std::fabs(expected - static_cast<double>(out[t * c.q_dim() + h * d + i])));
      }
    }
  return worst;
}

TEST_CASE("attention averages the values that its head may see", "[models]") {
  for (const Shape& s : kShapes) {
    const Config c = config_of(s);
    INFO(s.heads << " heads over " << s.kv_heads << " of " << s.head_dim);
    for (const std::size_t first : {0, 5, 505, 1020}) {
      const Operands o(c, first + 20, 3);
      const auto out = [&](KvFormat format) {
        return run(c, o, first, 20, 20, format, kernels::selected_isa(), 2);
      };
      CHECK(worst_error(c, o, first, 20, out(KvFormat::kF32)) < 2e-6);
      // A value is off by half a unit of 11 bits, of up to 4; a score by that of many.
      CHECK(worst_error(c, o, first, 20, out(KvFormat::kF16)) < 4e-3);
      CHECK(worst_error(c, o, first, 20, out(KvFormat::kI8)) < 6e-2);
    }
  }
}

TEST_CASE("a token attends alike alone and in a batch on every ISA and any threads", "[models]") {
  const KvFormat format = GENERATE(KvFormat::kF32, KvFormat::kF16, KvFormat::kI8);
  for (const Shape& s : kShapes) {
    const Config c = config_of(s);
    for (const std::size_t first : {0, 500, 1000}) {
      constexpr std::size_t kTokens = 70;
      const Operands o(c, first + kTokens, 4);
      const auto expected = run(c, o, first, kTokens, 1, format, kernels::selected_isa(), 1);
      for (const std::size_t batch : {std::size_t{3}, std::size_t{17}, kTokens})
        for (const unsigned threads : {1, 2, 4}) {
          INFO(s.heads << " heads, batch " << batch << ", threads " << threads);
          CHECK(run(c, o, first, kTokens, batch, format, kernels::selected_isa(), threads) ==
                expected);
        }
      if (first != 500) continue;
      for (const kernels::Isa isa : kernels::all_isas())
        if (kernels::host_has(isa))
          CHECK(run(c, o, first, kTokens, kTokens, format, isa, 2) == expected);
    }
  }
}

TEST_CASE("the cache grows by segments and says what it takes", "[models]") {
  const Config c = config_of({4, 2, 32});
  KvCache cache(c, KvFormat::kF16, kernels::Isa::kScalar, nullptr);
  CHECK(cache.bytes_per_token() == 2 * 2 * 64 * 2);  // keys and values of 2 layers
  CHECK(cache.bytes() == 0);
  cache.reserve(1);
  CHECK(cache.bytes() == 128 * cache.bytes_per_token());
  cache.reserve(128);
  CHECK(cache.bytes() == 128 * cache.bytes_per_token());
  cache.reserve(129);
  CHECK(cache.bytes() == 512 * cache.bytes_per_token());
  cache.reserve(512);
  CHECK(cache.bytes() == 512 * cache.bytes_per_token());
  cache.reserve(513);
  CHECK(cache.bytes() == 1024 * cache.bytes_per_token());
}

TEST_CASE("a key that the format cannot hold is named by its layer", "[models]") {
  const Config c = config_of({4, 2, 32});
  kernels::ThreadPool pool(2);
  for (const std::size_t tokens : {1, 40}) {
    KvCache cache(c, KvFormat::kF16, kernels::selected_isa(), &pool);
    cache.reserve(tokens);
    std::vector<float> k(tokens * 64, 1.0f), v(tokens * 64, 1.0f);
    CHECK_NOTHROW(cache.append(1, 0, tokens, k.data(), v.data()));
    v.back() = 1e6f;
    CHECK_THROWS_WITH(cache.append(1, 0, tokens, k.data(), v.data()),
                      Catch::Contains("blk.1") && Catch::Contains("f16"));
  }
}

}  // namespace
}  // namespace tern::models
