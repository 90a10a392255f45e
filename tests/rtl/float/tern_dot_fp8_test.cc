// SPDX-License-Identifier: Apache-2.0
//
// State space: all pairs of E4M3; each class times each class among zeros, among ones, against each
// other; random operands of which many cancel or lie many binades apart; idle cycles. The oracle
// adds in 64-bit integers.
// Parameters: rows x lanes 1x1, 2x4, 1x64; TERN_FLOAT_CASES=<millions> of products (10).

#include <Vdot_fp8_1x1.h>
#include <Vdot_fp8_1x64.h>
#include <Vdot_fp8_2x4.h>

#include "tests/rtl/float/dot_bench.h"

namespace tern::rtl {
namespace {

std::uint32_t sum(const std::uint32_t* w, const std::uint32_t* x, std::size_t lanes) {
  bool nan = false;
  std::int64_t exact = 0;  // * 2^-18
  for (std::size_t l = 0; l < lanes; ++l) {
    const auto fixed = [](std::uint32_t v) {  // * 2^-9
      const int field = static_cast<int>(v >> 3 & 15), fraction = static_cast<int>(v & 7);
      const std::int64_t magnitude = field == 0 ? fraction : (8 + fraction) << (field - 1);
      return v >> 7 & 1 ? -magnitude : magnitude;
    };
    nan = nan || (w[l] & 127) == 127 || (x[l] & 127) == 127;
    exact += fixed(w[l]) * fixed(x[l]);
  }
  return nan ? kNan : canonical(std::ldexp(static_cast<float>(exact), -18));
}

using One = DotBench<Vdot_fp8_1x1, 8, 1, 1, 5, sum>;
using Few = DotBench<Vdot_fp8_2x4, 8, 2, 4, 6, sum>;
using Many = DotBench<Vdot_fp8_1x64, 8, 1, 64, 7, sum>;
constexpr Draw<4, 3, false> kDraw;

TEST_CASE("tern_dot_fp8 of one lane multiplies all pairs of E4M3 exactly", "[rtl]") {
  One b(1);
  for (std::uint32_t w = 0; w < 256; ++w)
    for (std::uint32_t x = 0; x < 256; ++x) {
      b.w[0] = w;
      b.x[0] = x;
      b.cycle(true);
    }
  b.run(0, [](One&) {});
}

TEST_CASE("tern_dot_fp8 rounds the exact sum of a few random products", "[rtl]") {
  Few b(2);
  b.run(float_cases() / (Few::kLanes * Few::kRows), kDraw);
}

TEST_CASE("tern_dot_fp8 rounds the exact sum of 64 random products", "[rtl]") {
  Many b(3);
  b.run(float_cases() / Many::kLanes, kDraw);
}

TEST_CASE("tern_dot_fp8 takes every class of value in every lane", "[rtl]") {
  Few few(4);
  run_classes<Few, 4, 3>(few);
  Many many(5);
  run_classes<Many, 4, 3>(many);
}

TEST_CASE("tern_dot_fp8 rounds ties to even and is exact at the ends of its range", "[rtl]") {
  Many b(6);
  for (const std::uint32_t w : {0x7eu, 0xfeu, 0x01u, 0x81u})
    for (const std::uint32_t x : {0x7eu, 0xfeu, 0x01u, 0x81u}) {
      b.w.fill(w);
      b.x.fill(x);
      b.cycle(true);
      // One least product at a time beside 63 of another: odd, even, ties.
      for (std::size_t l = 0; l < Many::kLanes; ++l) {
        b.w[l] = l % 3 == 0 ? 0x81 : 0x01;
        b.x[l] = 0x01;
        b.cycle(true);
      }
    }
  b.run(0, [](Many&) {});
}

}  // namespace
}  // namespace tern::rtl
