// SPDX-License-Identifier: Apache-2.0
//
// State space: each class of bfloat16 times each class, alone, among zeros, among ones, against
// each other; random operands of which many cancel, over- or underflow or lie many binades apart;
// idle cycles. One lane alone gives the product of two bfloat16. The oracle is the host's float.
// Parameters: rows x lanes 1x1, 2x4, 1x64; TERN_FLOAT_CASES=<millions> of products (10).

#include <Vdot_bf16_1x1.h>
#include <Vdot_bf16_1x64.h>
#include <Vdot_bf16_2x4.h>

#include "tests/rtl/float/dot_bench.h"

namespace tern::rtl {
namespace {

std::uint32_t sum(const std::uint32_t* w, const std::uint32_t* x, std::size_t lanes) {
  std::array<float, 64> s{};
  for (std::size_t l = 0; l < lanes; ++l)
    s[l] = std::bit_cast<float>(w[l] << 16) * std::bit_cast<float>(x[l] << 16);
  for (std::size_t n = lanes / 2; n != 0; n /= 2)
    for (std::size_t i = 0; i < n; ++i) s[i] = s[i] + s[i + n];
  return canonical(s[0]);
}

using One = DotBench<Vdot_bf16_1x1, 16, 1, 1, 3, sum>;
using Few = DotBench<Vdot_bf16_2x4, 16, 2, 4, 9, sum>;
using Many = DotBench<Vdot_bf16_1x64, 16, 1, 64, 21, sum>;
constexpr Draw<8, 7, true> kDraw;

TEST_CASE("tern_dot_bf16 of one lane rounds the product of any two bfloat16", "[rtl]") {
  One b(1);
  b.run(float_cases() / 2, [](One& bench) {
    bench.w[0] = static_cast<std::uint32_t>(bench.rng() & 0xffff);
    bench.x[0] = static_cast<std::uint32_t>(bench.rng() & 0xffff);
  });
}

TEST_CASE("tern_dot_bf16 of one lane rounds products that under- or overflow", "[rtl]") {
  One b(2);
  b.run(float_cases() / 2, [](One& bench) {
    auto& rng = bench.rng;
    const auto expo = static_cast<std::uint32_t>(rng() % 255);
    // Exponent fields that sum to 90 ... 153 (subnormal below 127) or to 350 ... 413 (382).
    const auto both = static_cast<std::uint32_t>(rng() % 64) + (rng() % 2 ? 90 : 350);
    const std::uint32_t other = both < expo ? 0 : both - expo > 254 ? 254 : both - expo;
    bench.w[0] = (static_cast<std::uint32_t>(rng()) & 0x807f) | expo << 7;
    bench.x[0] = (static_cast<std::uint32_t>(rng()) & 0x807f) | other << 7;
  });
}

TEST_CASE("tern_dot_bf16 adds a few random products as floats", "[rtl]") {
  Few b(3);
  b.run(float_cases() / (Few::kLanes * Few::kRows), kDraw);
}

TEST_CASE("tern_dot_bf16 adds 64 random products as floats", "[rtl]") {
  Many b(4);
  b.run(float_cases() / Many::kLanes, kDraw);
}

TEST_CASE("tern_dot_bf16 takes every class of value in every lane", "[rtl]") {
  Few few(5);
  run_classes<Few, 8, 7>(few);
  Many many(6);
  run_classes<Many, 8, 7>(many);
}

}  // namespace
}  // namespace tern::rtl
