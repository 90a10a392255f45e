// SPDX-License-Identifier: Apache-2.0
//
// State space: all 65536 halves; floats at, just below and just above every half and every
// midpoint between two halves, both signs; float subnormals, overflow, infinities, NaNs; random
// bit patterns. The oracle reads the format's definition and searches the nearest half.
// Parameters: none.

#include "kernels/f16.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace tern::kernels {
namespace {

constexpr unsigned kInfinity = 0x7c00;

// Sign, 5 bits of exponent with bias 15, 10 bits of fraction; not for infinity and NaN.
double meaning_of(unsigned magnitude) {
  const int exponent = static_cast<int>(magnitude >> 10);
  const int fraction = static_cast<int>(magnitude & 0x3ff);
  return exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
}

// The magnitudes in order; what would be infinity's place holds the value 2^16 that it stands for.
const std::vector<double>& finite_values() {
  static const std::vector<double> values = [] {
    std::vector<double> v;
    for (unsigned m = 0; m <= kInfinity; ++m) v.push_back(meaning_of(m));
    return v;
  }();
  return values;
}

unsigned nearest(double magnitude) {
  const std::vector<double>& v = finite_values();
  const auto above =
      static_cast<std::size_t>(std::lower_bound(v.begin(), v.end(), magnitude) - v.begin());
  if (above == v.size()) return kInfinity;
  if (above == 0) return 0;
  const double up = v[above] - magnitude, down = magnitude - v[above - 1];
  if (up != down) return static_cast<unsigned>(up < down ? above : above - 1);
  return static_cast<unsigned>(above % 2 == 0 ? above : above - 1);
}

unsigned bits(float x) { return std::bit_cast<unsigned>(x); }

// True when all three ways to narrow x agree with the oracle.
bool narrows_rightly(float x) {
  const f16 h = f32_to_f16(x);
  float rounded = 0.0f;
  round_to_f16(&x, 1, &rounded);
  f16 h_of_array = 0;
  f32_to_f16(&x, 1, &h_of_array);
  if (std::isnan(x)) return (h & 0x7fff) > kInfinity && h_of_array == h && std::isnan(rounded);
  const unsigned expected = (std::signbit(x) ? 0x8000u : 0u) |
                            (std::isinf(x) ? kInfinity : nearest(std::fabs(double{x})));
  return h == expected && h_of_array == h && bits(rounded) == bits(f16_to_f32(h));
}

TEST_CASE("every half widens to what its bits mean", "[kernels]") {
  for (unsigned h = 0; h <= 0xffff; ++h) {
    const unsigned magnitude = h & 0x7fff;
    const float x = f16_to_f32(static_cast<f16>(h));
    INFO("half " << h);
    if (magnitude > kInfinity) {
      REQUIRE(std::isnan(x));
    } else {
      REQUIRE(std::signbit(x) == ((h & 0x8000) != 0));
      const double expected =
          magnitude == kInfinity ? std::numeric_limits<double>::infinity() : meaning_of(magnitude);
      REQUIRE(std::fabs(double{x}) == expected);
    }
  }
}

TEST_CASE("every half survives the way to float and back", "[kernels]") {
  std::vector<f16> halves(65536), back(65536);
  for (unsigned h = 0; h <= 0xffff; ++h) halves[h] = static_cast<f16>(h);
  std::vector<float> floats(65536);
  f16_to_f32(halves.data(), halves.size(), floats.data());
  f32_to_f16(floats.data(), floats.size(), back.data());
  for (unsigned h = 0; h <= 0xffff; ++h) {
    INFO("half " << h);
    REQUIRE(bits(floats[h]) == bits(f16_to_f32(halves[h])));
    if ((h & 0x7fff) > kInfinity)
      REQUIRE((back[h] & 0x7fff) > kInfinity);
    else
      REQUIRE(back[h] == h);
  }
}

TEST_CASE("arrays of halves widen as single ones do on every ISA", "[kernels]") {
  for (const Kernel<WidenF16Fn>& kernel : widen_f16_kernels()) {
    if (!host_has(kernel.isa)) continue;
    INFO(kernel.name);
    std::vector<f16> halves(65536 + 40);
    for (std::size_t h = 0; h < halves.size(); ++h) halves[h] = static_cast<f16>(h);
    for (const std::size_t n : {0, 1, 15, 16, 17, 37, 65536}) {
      for (const std::size_t first : {std::size_t{0}, std::size_t{3}}) {
        std::vector<float> floats(n + 1, 7.0f);
        kernel.run(halves.data() + first, n, floats.data());
        for (std::size_t i = 0; i < n; ++i)
          REQUIRE(bits(floats[i]) == bits(f16_to_f32(halves[first + i])));
        CHECK(floats[n] == 7.0f);
      }
    }
  }
}

TEST_CASE("floats round to the nearest half and ties go to the even one", "[kernels]") {
  for (unsigned m = 0; m < kInfinity; ++m) {
    const double here = meaning_of(m), next = meaning_of(m + 1);
    for (const double centre : {here, (here + next) / 2}) {
      const float x = static_cast<float>(centre);  // exact
      for (const float near : {x, std::nextafter(x, 0.0f), std::nextafter(x, 1e30f)})
        for (const float signed_near : {near, -near}) {
          INFO("float bits " << bits(signed_near));
          REQUIRE(narrows_rightly(signed_near));
        }
    }
  }
}

TEST_CASE("floats beyond the halves become infinity or zero and NaN stays NaN", "[kernels]") {
  CHECK(f32_to_f16(65504.0f) == 0x7bff);
  CHECK(f32_to_f16(65519.996f) == 0x7bff);
  CHECK(f32_to_f16(65520.0f) == kInfinity);
  CHECK(f32_to_f16(-65520.0f) == (0x8000 | kInfinity));
  CHECK(f32_to_f16(0x1p-25f) == 0);  // a tie between 0 and the least subnormal
  CHECK(f32_to_f16(std::nextafter(0x1p-25f, 1.0f)) == 1);
  CHECK(f32_to_f16(-0.0f) == 0x8000);
  for (const float x :
       {65536.0f, 1e30f, std::numeric_limits<float>::max(), std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min()})
    for (const float signed_x : {x, -x}) CHECK(narrows_rightly(signed_x));
  for (const unsigned nan : {0x7f800001u, 0x7fbfffffu, 0x7fc00000u, 0xffffffffu, 0xff800001u})
    CHECK(narrows_rightly(std::bit_cast<float>(nan)));
}

TEST_CASE("random bit patterns round as the definition says", "[kernels]") {
  std::mt19937 rng(11);
  for (int i = 0; i < 300000; ++i) {
    const auto pattern = static_cast<unsigned>(rng());
    // Every other one lands in the range of halves.
    const unsigned folded =
        i % 2 == 0 ? pattern : (pattern & 0x807fffffu) | ((100 + pattern % 45) << 23);
    INFO("float bits " << folded);
    REQUIRE(narrows_rightly(std::bit_cast<float>(folded)));
  }
}

TEST_CASE("round_to_f16 works in place over any length", "[kernels]") {
  for (std::size_t n = 0; n < 40; ++n) {
    std::vector<float> x(n + 1);
    for (std::size_t i = 0; i <= n; ++i) x[i] = 1.0f + static_cast<float>(i) * 0x1p-13f;
    std::vector<float> y = x;
    round_to_f16(y.data(), n, y.data());
    for (std::size_t i = 0; i < n; ++i) CHECK(y[i] == f16_to_f32(f32_to_f16(x[i])));
    CHECK(y[n] == x[n]);
  }
}

}  // namespace
}  // namespace tern::kernels
