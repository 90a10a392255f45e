// SPDX-License-Identifier: Apache-2.0
//
// State space: all 65536 bfloat16 patterns; floats at, just below and just above each and every
// midpoint between two, both signs; overflow, infinities, NaNs; random bit patterns. The oracle
// compares distances in float64.
// Parameters: none.

#include "kernels/bf16.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace tern::kernels {
namespace {

constexpr unsigned kInfinity = 0x7f80;

// Sign, 8 bits of exponent with bias 127, 7 bits of fraction; 2^128 in infinity's place.
double meaning_of(unsigned magnitude) {
  const int exponent = static_cast<int>(magnitude >> 7), fraction = magnitude & 0x7f;
  return exponent == 0 ? std::ldexp(fraction, -133) : std::ldexp(128 + fraction, exponent - 134);
}

unsigned nearest(double magnitude) {
  // Truncation names the neighbour below.
  unsigned below = std::bit_cast<unsigned>(static_cast<float>(magnitude)) >> 16;
  if (below >= kInfinity) return kInfinity;
  const double down = magnitude - meaning_of(below), up = meaning_of(below + 1) - magnitude;
  if (down != up) return down < up ? below : below + 1;
  return below % 2 == 0 ? below : below + 1;
}

bool narrows_rightly(float x) {
  const bf16 b = f32_to_bf16(x);
  float rounded = 0.0f;
  round_to_bf16(&x, 1, &rounded);
  bf16 of_array = 0;
  f32_to_bf16(&x, 1, &of_array);
  if (of_array != b) return false;
  if (std::isnan(x)) return (b & 0x7fff) > kInfinity && std::isnan(rounded);
  const unsigned expected = (std::signbit(x) ? 0x8000u : 0u) |
                            (std::isinf(x) ? kInfinity : nearest(std::fabs(double{x})));
  return b == expected &&
         std::bit_cast<unsigned>(rounded) == std::bit_cast<unsigned>(bf16_to_f32(b));
}

TEST_CASE("every bfloat16 widens to what its bits mean and survives the way back", "[kernels]") {
  std::vector<bf16> all(65536), back(65536);
  for (unsigned b = 0; b <= 0xffff; ++b) all[b] = static_cast<bf16>(b);
  std::vector<float> floats(65536);
  bf16_to_f32(all.data(), all.size(), floats.data());
  f32_to_bf16(floats.data(), floats.size(), back.data());
  for (unsigned b = 0; b <= 0xffff; ++b) {
    INFO("bfloat16 " << b);
    const unsigned magnitude = b & 0x7fff;
    if (magnitude > kInfinity) {
      REQUIRE(std::isnan(floats[b]));
      REQUIRE((back[b] & 0x7fff) > kInfinity);
      continue;
    }
    REQUIRE(back[b] == b);
    REQUIRE(std::signbit(floats[b]) == ((b & 0x8000) != 0));
    REQUIRE(
        std::fabs(double{floats[b]}) ==
        (magnitude == kInfinity ? std::numeric_limits<double>::infinity() : meaning_of(magnitude)));
    REQUIRE(std::bit_cast<unsigned>(bf16_to_f32(all[b])) == std::bit_cast<unsigned>(floats[b]));
  }
}

TEST_CASE("floats round to the nearest bfloat16 and ties go to the even one", "[kernels]") {
  for (unsigned m = 0; m < kInfinity; ++m)
    for (const unsigned low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      for (const unsigned sign : {0u, 0x8000'0000u}) {
        INFO("bfloat16 " << m << " low half " << low);
        REQUIRE(narrows_rightly(std::bit_cast<float>(sign | m << 16 | low)));
      }
}

TEST_CASE("bfloat16 of infinity and NaN and of random patterns", "[kernels]") {
  CHECK(f32_to_bf16(std::numeric_limits<float>::max()) == kInfinity);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x7f7f'7fffu)) == 0x7f7f);
  for (const unsigned nan : {0x7f800001u, 0x7fbfffffu, 0x7fc00000u, 0xffffffffu, 0xff800001u})
    CHECK(narrows_rightly(std::bit_cast<float>(nan)));
  std::mt19937 rng(11);
  for (int i = 0; i < 300000; ++i) {
    const auto pattern = static_cast<unsigned>(rng());
    INFO("float bits " << pattern);
    REQUIRE(narrows_rightly(std::bit_cast<float>(pattern)));
  }
}

}  // namespace
}  // namespace tern::kernels
