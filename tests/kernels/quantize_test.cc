// SPDX-License-Identifier: Apache-2.0
//
// State space: both quantisers against a plain reading of the contract with nearbyint: ties,
// values beside ties, all-zero rows, the floor and values below it, one huge value, the largest
// and smallest floats, lengths around the vector width, random data.
// Parameters: scales and lengths.

#include "kernels/quantize.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace tern::kernels {
namespace {

constexpr float kMaxFloat = std::numeric_limits<float>::max();

std::vector<float> random_floats(std::size_t n, float scale, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<float> v(n);
  for (float& x : v)
    x = scale * (static_cast<float>(rng() >> 8) * 0x1p-23f - 1.0f);  // [-scale, scale)
  return v;
}

void check_absmax(const std::vector<float>& x) {
  float most = 0.0f;
  for (const float v : x) most = std::max(most, std::fabs(v));
  const float s = 127.0f / std::max(most, 1e-5f);
  std::vector<std::int8_t> q(x.size() + 1, 99);
  const float returned = quantize_absmax(x.data(), x.size(), q.data());
  CHECK(std::bit_cast<unsigned>(returned) == std::bit_cast<unsigned>(s));
  CHECK(q.back() == 99);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float product = x[i] * s;
    const float rounded = std::nearbyint(product);
    INFO("x[" << i << "] = " << x[i] << " s = " << s);
    REQUIRE(q[i] == static_cast<int>(std::clamp(rounded, -128.0f, 127.0f)));
  }
}

TEST_CASE("absmax equals the plain reading of the contract on random rows", "[kernels]") {
  for (const float scale : {1e-30f, 1e-6f, 1e-5f, 0.03f, 1.0f, 127.0f, 3e4f, 1e30f, 3.4e38f})
    for (const std::size_t n : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 255, 2560, 6912})
      check_absmax(random_floats(n, scale, static_cast<unsigned>(n)));
}

TEST_CASE("absmax sends halves to the even neighbour", "[kernels]") {
  for (const float most : {127.0f, 63.5f, 254.0f, 1016.0f}) {  // s = 1, 2, 0.5, 0.125: exact
    std::vector<float> x = {most};
    for (int i = -127; i < 127; ++i) {
      const float tie = (static_cast<float>(i) + 0.5f) * (most / 127.0f);
      for (const float v : {tie, std::nextafter(tie, kMaxFloat), std::nextafter(tie, -kMaxFloat)})
        x.push_back(v);
    }
    check_absmax(x);
    std::vector<std::int8_t> q(x.size());
    quantize_absmax(x.data(), x.size(), q.data());
    for (int i = -127; i < 127; ++i) {
      const int at_tie = q[static_cast<std::size_t>(1 + 3 * (i + 127))];
      CHECK(at_tie == (i % 2 == 0 ? i : i + 1));
    }
  }
}

TEST_CASE("absmax of an all-zero row is zero with the scale of the floor", "[kernels]") {
  const std::vector<float> x = {0.0f, -0.0f, 0.0f};
  std::vector<std::int8_t> q(3, 99);
  CHECK(quantize_absmax(x.data(), 3, q.data()) == 127.0f / 1e-5f);
  CHECK(q == std::vector<std::int8_t>{0, 0, 0});
}

TEST_CASE("absmax below the floor uses the floor", "[kernels]") {
  const std::vector<float> x = {5e-6f, -2.5e-6f, 1e-9f};
  std::vector<std::int8_t> q(3);
  CHECK(quantize_absmax(x.data(), 3, q.data()) == 127.0f / 1e-5f);
  CHECK(q == std::vector<std::int8_t>{64, -32, 0});  // 63.5 and -31.75
  check_absmax(x);
  check_absmax({1e-5f, -1e-5f});
  check_absmax({std::nextafter(1e-5f, 1.0f)});
  check_absmax({std::numeric_limits<float>::denorm_min()});
}

TEST_CASE("one huge value takes the range and leaves nothing to the rest", "[kernels]") {
  for (const float huge : {1e6f, -1e6f, kMaxFloat, -kMaxFloat}) {
    std::vector<float> x = random_floats(301, 1.0f, 4);
    x[177] = huge;
    check_absmax(x);
    std::vector<std::int8_t> q(x.size());
    quantize_absmax(x.data(), x.size(), q.data());
    CHECK(q[177] == (huge > 0 ? 127 : -127));
    CHECK(std::count(q.begin(), q.end(), 0) == 300);
  }
}

TEST_CASE("the largest magnitude is found at every index and in both signs", "[kernels]") {
  for (std::size_t at = 0; at < 37; ++at)
    for (const float v : {8.0f, -8.0f}) {
      std::vector<float> x(37, 1.0f);
      x[at] = v;
      std::vector<std::int8_t> q(37);
      CHECK(quantize_absmax(x.data(), 37, q.data()) == 127.0f / 8.0f);
    }
}

TEST_CASE("absmean is the float64 mean of magnitudes in index order with a floor", "[kernels]") {
  const auto plain = [](const std::vector<float>& w) {
    double sum = 0.0;
    for (const float v : w) sum += std::fabs(static_cast<double>(v));
    return std::max(static_cast<float>(sum / static_cast<double>(w.size())), 1e-5f);
  };
  for (const std::size_t n : {1, 2, 3, 7, 8, 9, 1000, 65537}) {
    const std::vector<float> w = random_floats(n, 0.05f, static_cast<unsigned>(n));
    CHECK(absmean(w.data(), n) == plain(w));
  }
  const std::vector<float> signs = {-3.0f, 1.0f, -2.0f, 2.0f};
  CHECK(absmean(signs.data(), 4) == 2.0f);
  const std::vector<float> zeros(5, 0.0f);
  CHECK(absmean(zeros.data(), 5) == 1e-5f);
  // 2^53 + 2^29 lies halfway between two floats and swallows every 1 that follows, but none that
  // comes before: the mean of the same numbers backwards is the next float.
  std::vector<float> ordered(4096, 1.0f);
  ordered[0] = 0x1p53f;
  ordered[1] = 0x1p29f;
  CHECK(absmean(ordered.data(), ordered.size()) == 0x1p41f);
  std::reverse(ordered.begin(), ordered.end());
  CHECK(absmean(ordered.data(), ordered.size()) > 0x1p41f);
  // A float32 sum would stop at 2^24.
  const std::vector<float> many((1 << 24) + (1 << 22), 1.0f);
  CHECK(absmean(many.data(), many.size()) == 1.0f);
}

TEST_CASE("ternarize equals the plain reading of the contract", "[kernels]") {
  for (const float gamma : {1e-5f, 0.013f, 1.0f, 0.7f, 3e4f}) {
    std::vector<float> w = random_floats(997, 3.0f * gamma, 8);
    for (const float factor : {0.0f, 0.5f, 1.0f, 1.5f, 2.5f, 100.0f})
      for (const float sign : {1.0f, -1.0f}) {
        const float v = sign * factor * gamma;
        for (const float near : {v, std::nextafter(v, kMaxFloat), std::nextafter(v, -kMaxFloat)})
          w.push_back(near);
      }
    w.push_back(kMaxFloat);
    w.push_back(-kMaxFloat);
    std::vector<std::int8_t> t(w.size() + 1, 99);
    ternarize(w.data(), w.size(), gamma, t.data());
    CHECK(t.back() == 99);
    for (std::size_t i = 0; i < w.size(); ++i) {
      INFO("w = " << w[i] << " gamma = " << gamma);
      REQUIRE(t[i] == static_cast<int>(std::clamp(std::nearbyint(w[i] / gamma), -1.0f, 1.0f)));
    }
  }
}

TEST_CASE("ternarize sends both halves to zero", "[kernels]") {
  const std::vector<float> w = {0.5f, -0.5f, 0.50000006f, -0.50000006f, 1.5f, -1.5f};
  std::vector<std::int8_t> t(6);
  ternarize(w.data(), 6, 1.0f, t.data());
  CHECK(t == std::vector<std::int8_t>{0, 0, 1, -1, 1, -1});
}

TEST_CASE("dequantize multiplies by the quotient of the scales and in no other order",
          "[kernels]") {
  std::mt19937 rng(5);
  int other_orders_differ = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto acc = static_cast<std::int32_t>(rng() % (1u << 21)) - (1 << 20);
    const float gamma = 0.01f + static_cast<float>(rng() >> 8) * 0x1p-26f;
    const float s = 1.0f + static_cast<float>(rng() >> 8) * 0x1p-17f;
    const std::vector<std::int32_t> accs(5, acc);
    std::vector<float> y(5);
    dequantize(accs.data(), 5, gamma, s, y.data());
    const float scale = gamma / s;
    for (const float v : y) REQUIRE(v == static_cast<float>(acc) * scale);
    other_orders_differ += static_cast<float>(acc) * gamma / s != y[0];
    std::vector<float> sums(5, 0.75f);
    dequantize(accs.data(), 5, gamma, s, sums.data(), true);
    for (const float v : sums) REQUIRE(v == 0.75f + y[0]);
  }
  CHECK(other_orders_differ > 100);
}

}  // namespace
}  // namespace tern::kernels
