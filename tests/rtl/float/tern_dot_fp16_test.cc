// SPDX-License-Identifier: Apache-2.0
//
// State space: each class of binary16 times each class, alone, among zeros, among ones, against
// each other; random operands of which many cancel, tie, or lie many binades apart; idle cycles.
// One lane alone gives the product of two binary16. The oracle adds in 128-bit integers.
// Parameters: rows x lanes 1x1, 2x4, 1x64; TERN_FLOAT_CASES=<millions> of products (10).

#include <Vdot_fp16_1x1.h>
#include <Vdot_fp16_1x64.h>
#include <Vdot_fp16_2x4.h>

#include "tests/rtl/float/dot_bench.h"

namespace tern::rtl {
namespace {

__extension__ using Int128 = __int128;

struct Half {
  bool negative, nan, infinite, zero;
  int mant, exponent;  // mant * 2^(exponent - 24)

  explicit Half(std::uint32_t v) {
    const int field = static_cast<int>(v >> 10 & 31), fraction = static_cast<int>(v & 1023);
    negative = v >> 15 & 1;
    nan = field == 31 && fraction != 0;
    infinite = field == 31 && fraction == 0;
    zero = field == 0 && fraction == 0;
    mant = field == 0 ? fraction : 1024 + fraction;
    exponent = field == 0 ? 0 : field - 1;
  }
};

std::uint32_t sum(const std::uint32_t* w, const std::uint32_t* x, std::size_t lanes) {
  bool nan = false, plus = false, minus = false;
  Int128 exact = 0;  // * 2^-48
  for (std::size_t l = 0; l < lanes; ++l) {
    const Half a(w[l]), b(x[l]);
    if (a.nan || b.nan || (a.infinite && b.zero) || (b.infinite && a.zero)) {
      nan = true;
    } else if (a.infinite || b.infinite) {
      (a.negative != b.negative ? minus : plus) = true;
    } else {
      const Int128 product = static_cast<Int128>(a.mant * b.mant) << (a.exponent + b.exponent);
      exact += a.negative != b.negative ? -product : product;
    }
  }
  if (nan || (plus && minus)) return kNan;
  if (plus || minus) return canonical(plus ? INFINITY : -INFINITY);
  return canonical(std::ldexp(static_cast<float>(exact), -48));
}

using One = DotBench<Vdot_fp16_1x1, 16, 1, 1, 5, sum>;
using Few = DotBench<Vdot_fp16_2x4, 16, 2, 4, 6, sum>;
using Many = DotBench<Vdot_fp16_1x64, 16, 1, 64, 7, sum>;
constexpr Draw<5, 10, true> kDraw;

TEST_CASE("tern_dot_fp16 of one lane multiplies binary16 exactly", "[rtl]") {
  One b(1);
  b.run(float_cases(), [](One& bench) {
    bench.w[0] = static_cast<std::uint32_t>(bench.rng() & 0xffff);
    bench.x[0] = static_cast<std::uint32_t>(bench.rng() & 0xffff);
  });
}

TEST_CASE("tern_dot_fp16 rounds the exact sum of a few random products", "[rtl]") {
  Few b(2);
  b.run(float_cases() / (Few::kLanes * Few::kRows), kDraw);
}

TEST_CASE("tern_dot_fp16 rounds the exact sum of 64 random products", "[rtl]") {
  Many b(3);
  b.run(float_cases() / Many::kLanes, kDraw);
}

TEST_CASE("tern_dot_fp16 takes every class of value in every lane", "[rtl]") {
  Few few(4);
  run_classes<Few, 5, 10>(few);
  Many many(5);
  run_classes<Many, 5, 10>(many);
}

TEST_CASE("tern_dot_fp16 is exact at the ends of its range", "[rtl]") {
  Many b(6);
  for (const std::uint32_t w : {0x7bffu, 0xfbffu, 0x0001u, 0x8001u})
    for (const std::uint32_t x : {0x7bffu, 0xfbffu, 0x0001u, 0x8001u}) {
      b.w.fill(w);
      b.x.fill(x);
      b.cycle(true);
      b.w[5] ^= 0x8000;  // all but one of a sign
      b.cycle(true);
      for (std::size_t l = 0; l < 32; ++l) b.w[2 * l] = w ^ 0x8000;  // nothing is left
      b.w[5] = w;
      b.cycle(true);
      b.w[0] = 0x0001;  // the least of all
      b.x[0] = 0x8001;
      b.w[1] = 0;
      b.cycle(true);
    }
  b.run(0, [](Many&) {});
}

}  // namespace
}  // namespace tern::rtl
