// SPDX-License-Identifier: Apache-2.0
//
// State space: each class of binary32 and each end of a class with each; random operands whose
// exponents are anything, equal, near, far, at the lower end, at the upper end, with fractions that
// are sparse, full or anything: cancellation, ties, subnormal sums, overflow; idle cycles. The
// oracle is the host's float.
// Parameters: TERN_FLOAT_CASES=<millions> of sums (10).

#include <Vtern_fp_add.h>

#include <utility>
#include <vector>

#include "tests/rtl/float/dot_bench.h"

namespace tern::rtl {
namespace {

constexpr unsigned kLatency = 3;

struct Bench {
  RandomPowerUp context;
  Covered<Vtern_fp_add> dut{&context};
  std::mt19937_64 rng;
  unsigned enable = 0;
  std::queue<std::uint32_t> expected;
  std::uint32_t last = 0;
  bool any = false;

  explicit Bench(unsigned seed) : context(seed), rng(seed) {
    dut.clk_i = 0;
    dut.en_i = 0;
    dut.eval();
  }
  void cycle(bool valid, std::uint32_t a, std::uint32_t b) {
    if (valid) expected.push(canonical(std::bit_cast<float>(a) + std::bit_cast<float>(b)));
    dut.a_i = a;
    dut.b_i = b;
    enable = (enable << 1 | (valid ? 1u : 0u)) & ((1u << kLatency) - 1);
    dut.en_i = static_cast<CData>(enable);
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    if (enable >> (kLatency - 1)) {
      last = expected.front();
      expected.pop();
      any = true;
    }
    if (any && dut.sum_o != last) REQUIRE(dut.sum_o == last);
  }
  void idle() {
    cycle(false, static_cast<std::uint32_t>(rng()), static_cast<std::uint32_t>(rng()));
  }
  void drain() {
    for (unsigned i = 0; i < 2 * kLatency; ++i) idle();
    REQUIRE(expected.empty());
  }
  std::uint32_t fraction() {
    const auto f = static_cast<std::uint32_t>(rng());
    switch (rng() % 4) {
      case 0:
        return f & 0x7fffff;
      case 1:
        return f & 1 ? 0u : 0x7fffffu;
      case 2:
        return 1u << f % 23;
      default:
        return (f & 0x7fffff) >> rng() % 23 << rng() % 23 & 0x7fffff;
    }
  }
  std::uint32_t number(std::uint32_t exponent) {
    return (rng() % 2 ? 0x80000000u : 0u) | exponent << 23 | fraction();
  }
};

void run_random(unsigned seed) {
  Bench b(seed);
  for (std::uint64_t i = 0; i < float_cases() / 2; ++i) {
    std::uint32_t first = static_cast<std::uint32_t>(b.rng()),
                  second = static_cast<std::uint32_t>(b.rng());
    const auto kind = b.rng() % 8;
    if (kind != 0) {
      // Exponents: 1 ... 4 anywhere, 5 lower end, 6 upper end, 7 cancellation.
      const auto any = static_cast<std::uint32_t>(b.rng());
      const std::uint32_t exponent = kind == 5 ? any % 32 : kind == 6 ? 224 + any % 31 : any % 255;
      const std::uint32_t less = first % (kind == 1 ? 255 : kind < 4 ? 28 : 3);
      first = b.number(exponent);
      second = b.number(exponent < less ? 0 : exponent - less);
      if (kind == 7) second = (first ^ 0x80000000u) + (second % 8 < 4 ? second % 4 : 0);
      if (any >> 31) std::swap(first, second);
    }
    b.cycle(true, first, second);
    while (b.rng() % 32 == 0) b.idle();
  }
  b.drain();
}

TEST_CASE("tern_fp_add rounds random sums like the host's float", "[rtl]") { run_random(1); }

TEST_CASE("tern_fp_add rounds other random sums like the host's float", "[rtl]") { run_random(2); }

TEST_CASE("tern_fp_add takes every class of value with every class", "[rtl]") {
  Bench b(3);
  auto all = std::vector<std::uint32_t>();
  for (const std::uint32_t v : classes<8, 23>()) all.push_back(v);
  for (std::uint32_t exponent = 1; exponent < 255; ++exponent)
    for (const std::uint32_t fraction : {0u, 1u, 0x400000u, 0x7fffffu})
      for (const std::uint32_t sign : {0u, 0x80000000u})
        all.push_back(sign | exponent << 23 | fraction);
  for (const std::uint32_t v : all)
    for (const std::uint32_t w : all) b.cycle(true, v, w);
  b.drain();
}

}  // namespace
}  // namespace tern::rtl
