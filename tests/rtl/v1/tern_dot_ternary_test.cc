// SPDX-License-Identifier: Apache-2.0
//
// State space: one lane with every trit and every activation among random others; all lanes
// random; all lanes at either extreme, where the sum reaches its bounds; idle cycles, whose inputs
// are junk and leave the sum as it was.
// Parameters: Lanes=16, ActWidth=8.

#include <Vtern_v1_dot_ternary.h>

#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "tests/rtl/power_up.h"

namespace tern::rtl {
namespace {

constexpr std::size_t kLanes = 16;

struct Bench {
  RandomPowerUp context;
  Vtern_v1_dot_ternary dut{&context};
  std::array<int, kLanes> w{}, x{};

  explicit Bench(unsigned seed) : context(seed) {
    dut.clk_i = 0;
    dut.valid_i = 0;
    dut.eval();
  }
  void tick() {
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
  }
  void drive() {
    dut.w_i = 0;
    for (std::size_t i = 0; i < 4; ++i) dut.x_i[i] = 0;
    for (std::size_t l = 0; l < kLanes; ++l) {
      dut.w_i |= static_cast<IData>(w[l] & 3) << (2 * l);
      dut.x_i[l / 4] |= static_cast<EData>(x[l] & 0xff) << (8 * (l % 4));
    }
  }
  int take() {
    drive();
    dut.valid_i = 1;
    tick();
    return sum();
  }
  int sum() const { return static_cast<int>(static_cast<unsigned>(dut.sum_o) << 19) >> 19; }
  int expected() const {
    int sum = 0;
    for (std::size_t l = 0; l < kLanes; ++l) sum += w[l] * x[l];
    return sum;
  }
};

TEST_CASE("tern_dot_ternary sums the products of every trit and activation on every lane",
          "[rtl]") {
  Bench b(1);
  std::mt19937 rng(1);
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    for (int w = -1; w <= 1; ++w)
      for (int x = -128; x < 128; ++x) {
        for (std::size_t l = 0; l < kLanes; ++l) {
          b.w[l] = static_cast<int>(rng() % 3) - 1;
          b.x[l] = static_cast<int>(rng() % 256) - 128;
        }
        b.w[lane] = w;
        b.x[lane] = x;
        REQUIRE(b.take() == b.expected());
      }
}

TEST_CASE("tern_dot_ternary is exact at both ends of its range", "[rtl]") {
  Bench b(2);
  b.x.fill(-128);
  b.w.fill(-1);
  CHECK(b.take() == 16 * 128);
  b.w.fill(1);
  CHECK(b.take() == -16 * 128);
  b.w.fill(0);
  CHECK(b.take() == 0);
  for (unsigned signs = 0; signs < 1u << kLanes; signs += 97) {
    for (std::size_t l = 0; l < kLanes; ++l) {
      b.w[l] = signs >> l & 1 ? -1 : 1;
      b.x[l] = signs >> (kLanes - 1 - l) & 1 ? -128 : 127;
    }
    REQUIRE(b.take() == b.expected());
  }
}

TEST_CASE("tern_dot_ternary keeps its sum while no step is valid", "[rtl]") {
  Bench b(3);
  std::mt19937 rng(3);
  b.x.fill(-128);
  b.w.fill(-1);
  b.take();
  b.dut.valid_i = 0;
  for (int i = 0; i < 100; ++i) {
    b.dut.w_i = static_cast<IData>(rng());
    for (std::size_t word = 0; word < 4; ++word) b.dut.x_i[word] = static_cast<EData>(rng());
    b.tick();
    REQUIRE(b.sum() == 2048);
  }
}

}  // namespace
}  // namespace tern::rtl
