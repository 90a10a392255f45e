// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against the definitions of attention.h written value
// by value, bit by bit: formats, head sizes that fill registers or not, positions around blocks,
// rows around tiles; blocks, queries and weights that end at an unreadable page; ties, extremes,
// values that no format holds.
// Parameters: the table, formats, sizes. A new row is tested with no edit here.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/f16.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

constexpr KvFormat kFormats[] = {KvFormat::kF32, KvFormat::kF16, KvFormat::kI8};

std::vector<float> random_floats(std::size_t n, unsigned seed, float range = 1) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(0, range);
  std::vector<float> v(n);
  for (float& f : v) f = normal(rng);
  return v;
}

// What the cache makes of a vector, and the scale that stands apart (1: none).
struct Held {
  std::vector<float> code;
  float scale = 1;
};

Held held(KvFormat format, const float* x, std::size_t d) {
  Held h{std::vector<float>(x, x + d)};
  if (format == KvFormat::kF16)
    for (float& v : h.code) v = f16_to_f32(f32_to_f16(v));
  if (format != KvFormat::kI8) return h;
  float most = 0;
  for (const float v : h.code) most = std::max(most, std::fabs(v));
  h.scale = most / 127.0f;
  for (float& v : h.code) {
    const float scaled = most > 0 ? v * (127.0f / most) : 0.0f;
    v = std::nearbyint(scaled);
  }
  return h;
}

struct Case {
  KvFormat format;
  std::size_t d, positions, rows;

  KvLayout layout() const { return {format, d}; }
  std::size_t blocks() const { return (positions + kKvBlock - 1) / kKvBlock; }
};

std::vector<float> expected_scores(const Case& c, const std::vector<float>& k,
                                   const std::vector<float>& q, float factor) {
  std::vector<float> out;
  for (std::size_t r = 0; r < c.rows; ++r)
    for (std::size_t p = 0; p < c.positions; ++p) {
      const Held key = held(c.format, k.data() + p * c.d, c.d);
      float a = 0;
      for (std::size_t i = 0; i < c.d; ++i) a = std::fma(q[r * c.d + i], key.code[i], a);
      if (c.format == KvFormat::kI8) a *= key.scale;
      out.push_back(a * factor);
    }
  return out;
}

std::vector<float> expected_average(const Case& c, const std::vector<float>& v,
                                    const std::vector<float>& w) {
  std::vector<float> out(c.rows * c.d);
  for (std::size_t p = 0; p < c.positions; ++p) {
    const Held value = held(c.format, v.data() + p * c.d, c.d);
    for (std::size_t r = 0; r < c.rows; ++r) {
      float weight = w[r * c.positions + p];
      if (c.format == KvFormat::kI8) weight *= value.scale;
      for (std::size_t i = 0; i < c.d; ++i)
        out[r * c.d + i] = std::fma(weight, value.code[i], out[r * c.d + i]);
    }
  }
  return out;
}

// Blocks of one head among those of two, which end at an unreadable page.
struct Cache {
  Cache(const AttentionFns& run, const Case& c, const std::vector<float>& k,
        const std::vector<float>& v)
      : layout(c.layout()),
        memory(std::vector<std::uint8_t>((2 * c.blocks() - 1) * layout.block_bytes(), 0xA5)) {
    for (std::size_t p = 0; p < c.positions; ++p)
      finite = run.append(layout, memory.data() + p / kKvBlock * stride(), p % kKvBlock,
                          k.data() + p * c.d, v.data() + p * c.d) &&
               finite;
  }
  std::size_t stride() const { return 2 * layout.block_bytes(); }
  KvHead head() const { return {memory.data(), stride()}; }

  KvLayout layout;
  Guarded<std::uint8_t> memory;
  bool finite = true;
};

void check(const AttentionKernel& kernel, const Case& c, float range) {
  INFO(kernel.name << " " << kv_format_name(c.format) << " d=" << c.d
                   << " positions=" << c.positions << " rows=" << c.rows);
  const unsigned seed = static_cast<unsigned>(c.d * 1000 + c.positions * 10 + c.rows);
  const auto k = random_floats(c.positions * c.d, seed, range);
  const auto v = random_floats(c.positions * c.d, seed + 1, range);
  const auto q = random_floats(c.rows * c.d, seed + 2);
  auto w = random_floats(c.rows * c.positions, seed + 3);
  for (float& x : w) x = std::fabs(x);
  const Cache cache(*kernel.run, c, k, v);
  REQUIRE(cache.finite);

  const Guarded<float> queries(q), weights(w);
  const std::size_t ldo = c.blocks() * kKvBlock + 3, padded = cache.layout.padded();
  std::vector<float> all(c.rows * ldo, 77.0f);
  kernel.run->scores(cache.layout, cache.head(), c.blocks(), queries.data(), c.d, c.rows, 0.37f,
                     all.data(), ldo);
  std::vector<float> scores;
  bool outside = false, idle_finite = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % ldo < c.positions)
      scores.push_back(all[i]);
    else if (i % ldo < c.blocks() * kKvBlock)
      idle_finite = idle_finite && std::isfinite(all[i]);
    else
      outside = outside || all[i] != 77.0f;
  }
  CHECK(scores == expected_scores(c, k, q, 0.37f));
  CHECK_FALSE(outside);
  CHECK(idle_finite);

  const std::size_t ldy = padded + 2;
  std::vector<float> out(c.rows * ldy, 77.0f), average;
  kernel.run->average(cache.layout, cache.head(), c.positions, weights.data(), c.positions, c.rows,
                      out.data(), ldy);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % ldy < c.d)
      average.push_back(out[i]);
    else
      outside = outside || out[i] != (i % ldy < padded ? 0.0f : 77.0f);
  }
  CHECK(average == expected_average(c, v, w));
  CHECK_FALSE(outside);
}

void for_each_kernel(const std::function<void(const AttentionKernel&)>& body) {
  for (const AttentionKernel& kernel : attention_kernels()) {
    if (host_has(kernel.isa))
      body(kernel);
    else
      WARN("SKIP: this host cannot run " << kernel.name);
  }
}

TEST_CASE("an ISA gets the row of its name or the fastest that it contains", "[kernels]") {
  for (const AttentionKernel& kernel : attention_kernels()) {
    CHECK(kernel.name == "attention_" + std::string(isa_name(kernel.isa)));
    CHECK(kernel_for(attention_kernels(), kernel.isa).name == kernel.name);
    for (const Isa isa : all_isas()) {
      const Isa got = kernel_for(attention_kernels(), isa).isa;
      CHECK((got == Isa::kScalar || contains(isa, got)));
      if (host_has(isa) && contains(isa, kernel.isa))
        CHECK((got == kernel.isa || !contains(kernel.isa, got)));
    }
  }
  CHECK(kernel_for(attention_kernels(), Isa::kScalar).isa == Isa::kScalar);
}

TEST_CASE("attention is the chains of its definition", "[kernels]") {
  const KvFormat format = GENERATE(from_range(std::begin(kFormats), std::end(kFormats)));
  for_each_kernel([&](const AttentionKernel& kernel) {
    for (const std::size_t d : {2, 14, 16, 18, 32, 34, 64, 80, 128, 130})
      for (const std::size_t positions : {1, 15, 16, 17, 33, 100})
        for (const std::size_t rows : {1, 2, 3, 4, 5, 8, 9, 17})
          check(kernel, {format, d, positions, rows}, 1);
    check(kernel, {format, 64, 300, 21}, 1e-3f);
    check(kernel, {format, 64, 50, 5}, 1000);
  });
}

TEST_CASE("a weight of zero leaves a sum as it is whatever stands at the position", "[kernels]") {
  const KvFormat format = GENERATE(from_range(std::begin(kFormats), std::end(kFormats)));
  const Case whole{format, 32, 40, 3};
  const auto k = random_floats(40 * 32, 1), v = random_floats(40 * 32, 2, 1e-25f);
  auto w = random_floats(3 * 40, 3, 1e-25f);  // products round to zeros of either sign
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = i % 40 < 23 ? std::fabs(w[i]) : 0.0f;
  for_each_kernel([&](const AttentionKernel& kernel) {
    const Cache cache(*kernel.run, whole, k, v);
    std::vector<float> a(3 * 32), b(3 * 32);
    kernel.run->average(cache.layout, cache.head(), 40, w.data(), 40, 3, a.data(), 32);
    kernel.run->average(cache.layout, cache.head(), 23, w.data(), 40, 3, b.data(), 32);
    CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);  // the sign of 0 too
  });
}

TEST_CASE("a position that is written again is the new one, and its neighbours stay", "[kernels]") {
  const KvFormat format = GENERATE(from_range(std::begin(kFormats), std::end(kFormats)));
  for_each_kernel([&](const AttentionKernel& kernel) {
    const Case c{format, 20, 13, 2};
    const auto k = random_floats(13 * 20, 4), v = random_floats(13 * 20, 5);
    const auto q = random_floats(2 * 20, 6);
    auto other = k;
    for (std::size_t i = 5 * 20; i < other.size(); ++i) other[i] *= -3;
    Cache cache(*kernel.run, c, other, v);
    for (std::size_t p = 5; p < 13; ++p)
      kernel.run->append(cache.layout, cache.memory.data(), p, k.data() + p * 20,
                         v.data() + p * 20);
    std::vector<float> out(2 * 16), first;
    kernel.run->scores(cache.layout, cache.head(), 1, q.data(), 20, 2, 1, out.data(), 16);
    for (std::size_t r = 0; r < 2; ++r)
      first.insert(first.end(), out.begin() + static_cast<long>(r * 16),
                   out.begin() + static_cast<long>(r * 16 + 13));
    CHECK(first == expected_scores(c, k, q, 1));
  });
}

TEST_CASE("what the cache cannot hold is said", "[kernels]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_each_kernel([&](const AttentionKernel& kernel) {
    for (const KvFormat format : kFormats)
      for (const std::size_t at : {0, 15, 16, 20})
        for (const bool in_keys : {true, false}) {
          INFO(kernel.name << " " << kv_format_name(format) << " " << at);
          const auto ok = [&](float x) {
            std::vector<float> k(21, 0.5f), v(21, 0.5f);
            (in_keys ? k : v)[at] = x;
            const KvLayout layout{format, 21};
            std::vector<std::uint8_t> block(layout.block_bytes());
            return kernel.run->append(layout, block.data(), 0, k.data(), v.data());
          };
          CHECK_FALSE(ok(kInfinity));
          CHECK_FALSE(ok(-kInfinity));
          CHECK_FALSE(ok(std::nanf("")));
          CHECK_FALSE(ok(-std::nanf("")));
          CHECK(ok(-65519.0f));
          CHECK(ok(65520.0f) == (format != KvFormat::kF16));
          CHECK(ok(1e-42f));
          CHECK(ok(0));
        }
  });
}

TEST_CASE("scales of int8 survive the smallest and the largest magnitudes", "[kernels]") {
  for_each_kernel([&](const AttentionKernel& kernel) {
    for (const float most : {0.0f, 1e-42f, 1e-31f, 1e-20f, 1e30f}) {
      const std::vector<float> k(16, most), v(16, -most), w = {1};
      const KvLayout layout{KvFormat::kI8, 16};
      std::vector<std::uint8_t> block(layout.block_bytes());
      REQUIRE(kernel.run->append(layout, block.data(), 0, k.data(), v.data()));
      std::vector<float> out(16);
      kernel.run->average(layout, {block.data(), 0}, 1, w.data(), 1, 1, out.data(), 16);
      const float exact = most > 1e-30f ? -most : 0.0f;
      for (const float x : out) CHECK(std::fabs(x - exact) <= std::fabs(exact) * 1e-6f);
    }
  });
}

}  // namespace
}  // namespace tern::kernels
