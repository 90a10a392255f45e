// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against the norm and the quantiser written apart, bit
// by bit: lengths around the vector, ties, floors, extremes, every kind of value that is not
// finite at every position; arrays that end at an unreadable page.
// Parameters: the tables, lengths. A new row is tested with no edit here.

#include "kernels/norm_quantize.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

struct Expected {
  float scale;
  std::vector<std::int8_t> q;
};

// The numerics contract, point 2 (shared/DESIGN.md), a value at a time.
Expected quantized(const std::vector<float>& v) {
  float most = 0;
  for (const float f : v) most = std::max(most, std::fabs(f));
  Expected e{127.0f / std::max(most, 1e-5f), {}};
  for (const float f : v) {
    const float product = f * e.scale;
    e.q.push_back(static_cast<std::int8_t>(std::clamp(std::nearbyint(product), -128.0f, 127.0f)));
  }
  return e;
}

// In the order of norm_quantize.h.
std::vector<float> normed(const std::vector<float>& x, const std::vector<float>& w, float eps) {
  float a[16] = {};
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float square = x[i] * x[i];
    a[i % 16] += square;
  }
  for (std::size_t s = 8; s > 0; s /= 2)
    for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
  const float factor = 1.0f / std::sqrt(a[0] / static_cast<float>(x.size()) + eps);
  std::vector<float> v;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float scaled = x[i] * factor;
    v.push_back(scaled * w[i]);
  }
  return v;
}

std::vector<float> random_floats(std::size_t n, unsigned seed, float range) {
  std::mt19937 rng(seed);
  std::vector<float> v(n);
  for (float& f : v) f = range * (static_cast<float>(rng() % 2'000'001) / 1'000'000.0f - 1.0f);
  return v;
}

template <typename Run>
void check(const char* name, const Expected& expected, std::size_t n, const Run& run) {
  const Guarded<std::int8_t> q(std::vector<std::int8_t>(n, 99));
  const Quantized got = run(q.data());
  INFO(name << " n=" << n);
  CHECK(got.finite);
  CHECK(std::bit_cast<std::uint32_t>(got.scale) == std::bit_cast<std::uint32_t>(expected.scale));
  CHECK(std::vector<std::int8_t>(q.data(), q.data() + n) == expected.q);
}

void check_all(const std::vector<float>& x, const std::vector<float>& w, float eps) {
  const Guarded<float> gx(x), gw(w);
  const Expected plain = quantized(x), with_norm = quantized(normed(x, w, eps));
  for (const auto& kernel : quantize_kernels())
    if (host_has(kernel.isa))
      check(kernel.name.data(), plain, x.size(),
            [&](std::int8_t* q) { return kernel.run(gx.data(), x.size(), q); });
  for (const auto& kernel : norm_quantize_kernels())
    if (host_has(kernel.isa))
      check(kernel.name.data(), with_norm, x.size(),
            [&](std::int8_t* q) { return kernel.run(gx.data(), gw.data(), eps, x.size(), q); });
}

TEST_CASE("norm and quantise as one equal norm then quantise bit by bit at every length",
          "[kernels]") {
  for (const std::size_t n : {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 997, 2560, 6912})
    for (const float range : {1e-3f, 1.0f, 300.0f})
      check_all(random_floats(n, static_cast<unsigned>(n), range),
                random_floats(n, static_cast<unsigned>(n) + 1, 2.0f), 1e-5f);
}

TEST_CASE("quantising rounds ties to even and keeps the floor of the scale", "[kernels]") {
  std::vector<float> ties = {127.0f, -127.0f};
  for (int i = -126; i <= 125; ++i) ties.push_back(static_cast<float>(i) + 0.5f);
  check_all(ties, std::vector<float>(ties.size(), 1.0f), 1e-5f);
  for (const float tiny : {0.0f, -0.0f, 1e-6f, 9e-6f, 1e-5f, 1.1e-5f, 1e-38f, 1e-45f})
    check_all(std::vector<float>(20, tiny), std::vector<float>(20, 1.0f), 1e-5f);
  check_all({3e38f, -3e38f, 1.0f}, {1.0f, 1.0f, 1.0f}, 1e-5f);
}

TEST_CASE("quantising says where a value is not finite", "[kernels]") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const float bad : {kInf, -kInf, std::numeric_limits<float>::quiet_NaN(),
                          -std::numeric_limits<float>::quiet_NaN()})
    for (const std::size_t n : {1, 16, 37})
      for (std::size_t at = 0; at < n; ++at) {
        std::vector<float> x(n, 0.5f), q_room(n);
        const std::vector<float> w(n, 1.0f);
        x[at] = bad;
        std::vector<std::int8_t> q(n);
        for (const auto& kernel : quantize_kernels()) {
          if (!host_has(kernel.isa)) continue;
          INFO(kernel.name << " n=" << n << " at " << at);
          CHECK_FALSE(kernel.run(x.data(), n, q.data()).finite);
        }
        for (const auto& kernel : norm_quantize_kernels()) {
          if (!host_has(kernel.isa)) continue;
          INFO(kernel.name << " n=" << n << " at " << at);
          // An infinite x has norm factor 0: 0 * inf is NaN at its place.
          CHECK_FALSE(kernel.run(x.data(), w.data(), 1e-5f, n, q.data()).finite);
        }
      }
}

}  // namespace
}  // namespace tern::kernels
