// SPDX-License-Identifier: Apache-2.0
//
// State space: products of every binary16 with a set that holds each kind of value, and of random
// pairs; sums of random operands whose exponents are near, far and equal, of opposite values, of
// values one unit apart, of ties. Operands of sums stay in the unit's domain: zero, or magnitude
// in [2^-48, 2^49). The oracle is the host's float arithmetic.
// Parameters: TERN_FP_CASES=<millions> of random sums (default 2).

#include <Vtern_fp_probe.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "tests/rtl/power_up.h"

namespace tern::rtl {
namespace {

float to_float(std::uint32_t half) {  // finite
  const int exponent = static_cast<int>(half >> 10 & 31), fraction = static_cast<int>(half & 1023);
  const float magnitude = exponent != 0
                              ? std::ldexp(static_cast<float>(1024 + fraction), exponent - 25)
                              : std::ldexp(static_cast<float>(fraction), -24);
  return half >> 15 & 1 ? -magnitude : magnitude;
}

bool finite(std::uint32_t half) { return (half & 0x7c00) != 0x7c00; }

struct Probe {
  RandomPowerUp context{1};
  Vtern_fp_probe dut{&context};

  std::uint32_t product(std::uint32_t h, std::uint32_t k) {
    dut.h_i = static_cast<SData>(h);
    dut.k_i = static_cast<SData>(k);
    dut.eval();
    return dut.product_o;
  }
  void check_sum(std::uint32_t a, std::uint32_t b) {
    dut.a_i = a;
    dut.b_i = b;
    dut.eval();
    const float sum = std::bit_cast<float>(a) + std::bit_cast<float>(b);
    if (dut.sum_o != std::bit_cast<std::uint32_t>(sum)) {
      CAPTURE(a, b);
      REQUIRE(dut.sum_o == std::bit_cast<std::uint32_t>(sum));
    }
  }
};

TEST_CASE("the product of two binary16 is the exact binary32", "[rtl]") {
  Probe p;
  std::mt19937 rng(1);
  std::vector<std::uint32_t> others = {0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400,
                                       0x3c00, 0xbc00, 0x3c01, 0x7bff, 0xfbff};
  for (int i = 0; i < 20; ++i) others.push_back(static_cast<std::uint32_t>(rng() & 0xffff));
  for (std::uint32_t h = 0; h < 0x10000; ++h)
    for (const std::uint32_t k : others)
      if (finite(h) && finite(k)) {
        const float exact = to_float(h) * to_float(k);
        if (p.product(h, k) != std::bit_cast<std::uint32_t>(exact)) {
          CAPTURE(h, k);
          REQUIRE(p.product(h, k) == std::bit_cast<std::uint32_t>(exact));
        }
      }
  SUCCEED();
}

TEST_CASE("infinities and NaNs are told from numbers", "[rtl]") {
  Probe p;
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    p.product(h, 0);
    if (p.dut.finite_o != finite(h)) REQUIRE(p.dut.finite_o == finite(h));
  }
  SUCCEED();
}

TEST_CASE("sums round to nearest even like the host's float", "[rtl]") {
  Probe p;
  std::mt19937 rng(2);
  const char* more = std::getenv("TERN_FP_CASES");
  const long cases = 1'000'000 * (more != nullptr ? std::atol(more) : 2);
  constexpr unsigned kLow = 127 - 48, kHigh = 127 + 48;
  for (long i = 0; i < cases; ++i) {
    const unsigned ea = kLow + static_cast<unsigned>(rng() % (kHigh - kLow + 1));
    const int far = static_cast<int>(rng() % 8 == 0 ? rng() % 97 : rng() % 28);
    const int eb = static_cast<int>(ea) + (rng() % 2 ? far : -far);
    if (eb < static_cast<int>(kLow) || eb > static_cast<int>(kHigh)) continue;
    const auto draw_fraction = [&rng] {
      const auto f = static_cast<std::uint32_t>(rng());
      switch (rng() % 4) {
        case 0:
          return f & 0x7fffff;
        case 1:
          return f & 0x7 ? 0u : 0x7fffffu;  // ends of a binade
        case 2:
          return (f & 0x7fffff) >> (rng() % 23) << (rng() % 23) & 0x7fffff;  // sparse
        default:
          return 1u << f % 23;  // ties
      }
    };
    const std::uint32_t sign = rng() % 2 ? 0x80000000u : 0u;
    const std::uint32_t a = (rng() % 2 ? 0x80000000u : 0u) | ea << 23 | draw_fraction();
    std::uint32_t b = sign | static_cast<std::uint32_t>(eb) << 23 | draw_fraction();
    p.check_sum(a, b);
    if (rng() % 16 == 0) {  // cancellation, to zero and to the last bit
      p.check_sum(a, a ^ 0x80000000u);
      b = (a ^ 0x80000000u) + 1;
      if ((b >> 23 & 0xff) <= kHigh) p.check_sum(a, b);
    }
  }
  SUCCEED();
}

TEST_CASE("zeros of either sign add as IEEE 754 says", "[rtl]") {
  Probe p;
  const std::uint32_t plus = 0, minus = 0x80000000u, one = 0x3f800000u, tiny = 79u << 23;
  for (const std::uint32_t a : {plus, minus, one, one | minus, tiny, tiny | minus})
    for (const std::uint32_t b : {plus, minus, one, one | minus, tiny, tiny | minus})
      p.check_sum(a, b);
  SUCCEED();
}

}  // namespace
}  // namespace tern::rtl
