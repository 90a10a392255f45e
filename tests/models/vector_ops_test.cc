// SPDX-License-Identifier: Apache-2.0
//
// State space: every ISA the host has, lengths around multiples of 16, against the contract written
// out element by element; exp over its whole domain against float64.
// Parameters: the lengths.

#include "models/vector_ops.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "models/rms_norm.h"
#include "models/rope.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

constexpr std::size_t kLengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 257};

std::vector<const VectorOps*> all_ops() {
  std::vector<const VectorOps*> ops;
  for (const kernels::Isa isa : kernels::all_isas())
    if (kernels::host_has(isa)) ops.push_back(&vector_ops(isa));
  return ops;
}

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  float sums[16] = {};
  for (std::size_t i = 0; i < a.size(); ++i) sums[i % 16] += a[i] * b[i];
  for (std::size_t s = 8; s > 0; s /= 2)
    for (std::size_t i = 0; i < s; ++i) sums[i] += sums[i + s];
  return sums[0];
}

TEST_CASE("vector operations are what they say on every ISA to the bit", "[models]") {
  std::mt19937 rng(1);
  for (const VectorOps* ops : all_ops()) {
    for (const std::size_t n : kLengths) {
      INFO(kernels::isa_name(ops->isa) << " n=" << n);
      const auto a = noise(rng, n, 2.0f), b = noise(rng, n, 3.0f), w = noise(rng, n, 1.0f);
      CHECK(ops->dot(a.data(), b.data(), n) == dot(a, b));

      auto y = b, expected = b;
      ops->axpy(0.7f, a.data(), n, y.data());
      for (std::size_t i = 0; i < n; ++i) expected[i] += a[i] * 0.7f;
      CHECK(y == expected);

      ops->scale(a.data(), 0.3f, w.data(), n, y.data());
      for (std::size_t i = 0; i < n; ++i) expected[i] = (a[i] * 0.3f) * w[i];
      CHECK(y == expected);

      y = a;
      ops->relu2_times(y.data(), b.data(), n, y.data());
      for (std::size_t i = 0; i < n; ++i)
        expected[i] = std::max(a[i], 0.0f) * std::max(a[i], 0.0f) * b[i];
      CHECK(y == expected);
      // Nothing behind the end is touched.
      std::vector<float> guarded = a;
      guarded.push_back(42.0f);
      ops->silu_times(guarded.data(), b.data(), n, guarded.data());
      ops->relu2_times(guarded.data(), b.data(), n, guarded.data());
      float most = 0;
      ops->exp_sum(guarded.data(), n, &most);
      CHECK(guarded.back() == 42.0f);
    }
  }
}

TEST_CASE("exp is within two units in the last place and the same on every ISA", "[models]") {
  std::vector<float> inputs;
  for (float x = -87.0f; x <= 0.0f; x += 0.001f) inputs.push_back(x);
  inputs.push_back(0.0f);  // the maximum, so that nothing is subtracted
  std::vector<float> first;
  for (const VectorOps* ops : all_ops()) {
    std::vector<float> y = inputs;
    float most = 1;
    const float sum = ops->exp_sum(y.data(), y.size(), &most);
    CHECK(most == 0);
    double total = 0;
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double exact = std::exp(static_cast<double>(inputs[i]));
      worst = std::max(worst, std::fabs(static_cast<double>(y[i]) - exact) / exact);
      total += exact;
    }
    CHECK(worst <= 2 * 0x1p-23);
    CHECK(std::fabs(static_cast<double>(sum) - total) <= 1e-5 * total);
    if (first.empty()) first = y;
    CHECK(y == first);
  }
}

TEST_CASE("softmax weights survive scores of any size", "[models]") {
  for (const VectorOps* ops : all_ops()) {
    std::vector<float> y = {-3e38f, 3e38f, 0.0f};
    float most = 0;
    CHECK(ops->exp_sum(y.data(), 3, &most) == Approx(1.0f));
    CHECK(most == 3e38f);
    CHECK(y[1] == 1.0f);
    CHECK(y[0] < 1e-37f);
    y = {5.0f};
    CHECK(ops->exp_sum(y.data(), 1, &most) == 1.0f);
  }
}

TEST_CASE("silu is x times the logistic of x and the same on every ISA", "[models]") {
  std::vector<float> x = {-1e30f, -200.0f, -87.5f, -1.0f, -0.0f, 0.0f, 1e-20f, 0.5f, 90.0f, 1e30f};
  for (float v = -20.0f; v < 20.0f; v += 0.01f) x.push_back(v);
  const std::vector<float> ones(x.size(), 1.0f);
  std::vector<float> first;
  for (const VectorOps* ops : all_ops()) {
    std::vector<float> y = x;
    ops->silu_times(y.data(), ones.data(), y.size(), y.data());
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double v = static_cast<double>(x[i]);
      const double exact = v / (1.0 + std::exp(-v));
      INFO(v);
      // Below -87 the exponential is held there: what is left is beneath 1e30 * e^-87.
      CHECK(std::fabs(static_cast<double>(y[i]) - exact) <=
            5e-7 * std::fabs(exact) + std::fabs(v) * 1.7e-38);
    }
    if (first.empty()) first = y;
    CHECK(y == first);
  }
}

TEST_CASE("a value that is not finite is found wherever it stands", "[models]") {
  const float bad[] = {INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN()};
  for (const VectorOps* ops : all_ops())
    for (const std::size_t n : kLengths) {
      std::vector<float> x(n, 3.4e38f);
      CHECK(ops->all_finite(x.data(), n));
      for (std::size_t i = 0; i < n; ++i) {
        x[i] = bad[i % 3];
        CHECK_FALSE(ops->all_finite(x.data(), n));
        x[i] = 1.0f;
      }
    }
}

TEST_CASE("rms_norm divides by the root mean square", "[models]") {
  const VectorOps& ops = vector_ops(kernels::Isa::kScalar);
  std::vector<float> x = {3.0f, -4.0f, 0.0f, 0.0f};  // two tokens
  const std::vector<float> weight = {1.0f, 2.0f};
  rms_norm(x.data(), 2, weight, 1e-5f, ops, x.data());
  const double rms = std::sqrt(12.5 + 1e-5);
  CHECK(x[0] == Approx(3.0 / rms).epsilon(1e-6));
  CHECK(x[1] == Approx(-8.0 / rms).epsilon(1e-6));
  CHECK(x[2] == 0.0f);
  CHECK(x[3] == 0.0f);
}

TEST_CASE("rope turns each pair by its own angle", "[models]") {
  Config c = tiny_config();
  c.head_dim = 4;
  const std::vector<float> divisors = {1.0f, 4.0f};
  for (const RopePairing pairing : {RopePairing::kHalfSplit, RopePairing::kAdjacent}) {
    c.pairing = pairing;
    Rope rope(c, divisors);
    rope.reserve(8);
    std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8};  // two heads
    const std::vector<float> before = x;
    rope.rotate(x.data(), 2, 0);
    CHECK(x == before);
    rope.rotate(x.data(), 2, 7);
    for (std::size_t h = 0; h < 2; ++h)
      for (std::size_t j = 0; j < 2; ++j) {
        const double angle =
            7 * std::pow(10000.0, -static_cast<double>(j) / 2) / static_cast<double>(divisors[j]);
        const bool split = pairing == RopePairing::kHalfSplit;
        const std::size_t a = 4 * h + (split ? j : 2 * j), b = a + (split ? 2 : 1);
        const double u = static_cast<double>(before[a]), v = static_cast<double>(before[b]);
        CHECK(x[a] == Approx(u * std::cos(angle) - v * std::sin(angle)).margin(1e-5));
        CHECK(x[b] == Approx(u * std::sin(angle) + v * std::cos(angle)).margin(1e-5));
      }
  }
}

}  // namespace
}  // namespace tern::models
