// SPDX-License-Identifier: Apache-2.0
//
// Drives a float dot-product unit, a step per cycle or with idle cycles between, and compares every
// sum with the oracle's. Idle cycles have junk on their inputs and leave the sum as it was.

#pragma once

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <queue>
#include <random>
#include <type_traits>

#include "tests/rtl/power_up.h"

namespace tern::rtl {

// Random cases of a test in all: TERN_FLOAT_CASES=<millions>, 10 by default.
inline std::uint64_t float_cases() {
  const char* millions = std::getenv("TERN_FLOAT_CASES");
  return 1'000'000 * static_cast<std::uint64_t>(millions != nullptr ? std::atoll(millions) : 10);
}

constexpr std::uint32_t kNan = 0x7fc00000;

// What a unit with one NaN only gives for v.
inline std::uint32_t canonical(float v) {
  return std::isnan(v) ? kNan : std::bit_cast<std::uint32_t>(v);
}

// values[i] of `Bits` bits each, lowest first, onto a port of any of Verilator's types.
template <unsigned Bits, typename Port, std::size_t N>
void put(Port& port, const std::array<std::uint32_t, N>& values) {
  if constexpr (std::is_integral_v<Port>) {
    Port all = 0;
    for (std::size_t i = 0; i < N; ++i)
      all = static_cast<Port>(all | static_cast<Port>(values[i]) << Bits * i);
    port = all;
  } else {
    constexpr std::size_t kPerWord = 32 / Bits;
    for (std::size_t word = 0; word < N / kPerWord; ++word) {
      std::uint32_t all = 0;
      for (std::size_t i = 0; i < kPerWord; ++i) all |= values[word * kPerWord + i] << Bits * i;
      port[word] = all;
    }
  }
}

template <typename Port>
std::uint32_t word(const Port& port, std::size_t i) {
  if constexpr (std::is_integral_v<Port>)
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> 32 * i);
  else
    return port[i];
}

// The oracle: std::uint32_t sum(const std::uint32_t* w, const std::uint32_t* x), of Lanes each.
template <typename Dut, unsigned Bits, std::size_t Rows, std::size_t Lanes, unsigned Latency,
          std::uint32_t (*Sum)(const std::uint32_t*, const std::uint32_t*, std::size_t)>
struct DotBench {
  static constexpr std::size_t kRows = Rows, kLanes = Lanes;

  RandomPowerUp context;
  Covered<Dut> dut{&context};
  std::mt19937_64 rng;
  std::array<std::uint32_t, Rows * Lanes> w{};
  std::array<std::uint32_t, Lanes> x{};
  unsigned long enable = 0;  // bit s: stage s works in this cycle
  std::queue<std::array<std::uint32_t, Rows>> expected;
  std::array<std::uint32_t, Rows> last{};
  bool any = false;

  explicit DotBench(unsigned seed) : context(seed), rng(seed) {
    dut.clk_i = 0;
    dut.en_i = 0;
    dut.eval();
  }

  void cycle(bool valid) {
    if (valid) {
      std::array<std::uint32_t, Rows> sums{};
      for (std::size_t r = 0; r < Rows; ++r) sums[r] = Sum(w.data() + r * Lanes, x.data(), Lanes);
      expected.push(sums);
    } else {
      for (auto& v : w) v = static_cast<std::uint32_t>(rng() & ((1u << Bits) - 1));
      for (auto& v : x) v = static_cast<std::uint32_t>(rng() & ((1u << Bits) - 1));
    }
    put<Bits>(dut.w_i, w);
    put<Bits>(dut.x_i, x);
    enable = (enable << 1 | (valid ? 1u : 0u)) & ((1ul << Latency) - 1);
    dut.en_i = static_cast<std::remove_reference_t<decltype(dut.en_i)>>(enable);
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    if (enable >> (Latency - 1)) {
      last = expected.front();
      expected.pop();
      any = true;
    }
    for (std::size_t r = 0; any && r < Rows; ++r)
      if (word(dut.sum_o, r) != last[r]) {
        CAPTURE(r);
        REQUIRE(word(dut.sum_o, r) == last[r]);
      }
  }

  // Every step of `draw(bench)`, which sets w and x, `steps` in all, and what is under way.
  template <typename Draw>
  void run(std::uint64_t steps, Draw draw) {
    for (std::uint64_t i = 0; i < steps; ++i) {
      draw(*this);
      cycle(true);
      while (rng() % 32 == 0) cycle(false);
    }
    for (unsigned i = 0; i < 2 * Latency; ++i) cycle(false);
    REQUIRE(expected.empty());
  }
};

// Draws operands of a format of 1 + E + F bits: all bits alike, or of one kind of value per step.
template <unsigned E, unsigned F, bool Infinities>
struct Draw {
  static constexpr std::uint32_t kSign = 1u << (E + F), kOne = 1u << F, kFraction = kOne - 1;
  static constexpr std::uint32_t kMaxExponent = (1u << E) - (Infinities ? 2 : 1);

  static bool is_nan_or_infinity(std::uint32_t v) {
    return Infinities ? (v >> F & ((1u << E) - 1)) == (1u << E) - 1
                      : (v & (kSign - 1)) == kSign - 1;
  }

  template <typename Rng>
  static std::uint32_t fraction(Rng& rng) {
    switch (rng() % 4) {
      case 0:
        return 0;
      case 1:
        return kFraction;
      case 2:
        return 1u << rng() % F;
      default:
        return static_cast<std::uint32_t>(rng()) & kFraction;
    }
  }

  template <typename Rng>
  static std::uint32_t finite(Rng& rng, std::uint32_t exponent) {
    const std::uint32_t v = (rng() % 2 ? kSign : 0) | exponent << F | fraction(rng);
    return is_nan_or_infinity(v) ? v ^ 1 : v;
  }

  template <typename Bench>
  void operator()(Bench& b) const {
    constexpr std::size_t kLanes = Bench::kLanes;
    auto& rng = b.rng;
    const auto kind = rng() % 8;
    // Of the exponents of the two factors together: where a step's greatest products lie, how far
    // below them others may.
    const auto top = static_cast<std::uint32_t>(rng() % (2 * kMaxExponent + 1));
    const std::array<std::uint32_t, 8> below = {0, 1, 12, 23, 24, 25, 26, 40};
    for (std::size_t l = 0; l < kLanes; ++l) {
      b.x[l] = kind == 0 ? static_cast<std::uint32_t>(rng()) & (2 * kSign - 1)
                         : finite(rng, static_cast<std::uint32_t>(rng() % (kMaxExponent + 1)));
      for (std::size_t r = 0; r < Bench::kRows; ++r) {
        auto& w = b.w[r * kLanes + l];
        const std::uint32_t exponent = b.x[l] >> F & ((1u << E) - 1);
        if (kind == 0) {
          w = static_cast<std::uint32_t>(rng()) & (2 * kSign - 1);
        } else if (kind == 1) {
          w = finite(rng, static_cast<std::uint32_t>(rng() % (kMaxExponent + 1)));
        } else {
          const std::uint32_t less =
              kind < 5 ? below[rng() % below.size()] : static_cast<std::uint32_t>(rng() % 3);
          const std::uint32_t want = top > less ? top - less : 0;
          w = finite(rng, want < exponent                  ? 0
                          : want - exponent > kMaxExponent ? kMaxExponent
                                                           : want - exponent);
        }
        // The neighbour's product with the other sign, to cancel all but a trace.
        if (kind >= 6 && l % 2 == 1) {
          if (r == 0) b.x[l] = b.x[l - 1];
          w = b.w[r * kLanes + l - 1] ^ kSign ^ (rng() % 8 == 0 ? 1 : 0);
          if (is_nan_or_infinity(w)) w ^= 1;
        }
      }
    }
    if (kind == 7) {  // One lane of anything: infinities and NaNs mostly meet numbers.
      const auto l = rng() % kLanes;
      b.x[l] = static_cast<std::uint32_t>(rng()) & (2 * kSign - 1);
      if (rng() % 2) b.w[l] = static_cast<std::uint32_t>(rng()) | (kSign - kOne);
      b.w[l] &= 2 * kSign - 1;
    }
  }
};

// Every class of value and its ends: zeros, subnormals, normals, infinities, NaNs with payloads.
template <unsigned E, unsigned F>
std::array<std::uint32_t, 30> classes() {
  constexpr std::uint32_t kOne = 1u << F, kTop = ((1u << E) - 1) << F, kBias = (1u << (E - 1)) - 1;
  std::array<std::uint32_t, 30> all{};
  const std::array<std::uint32_t, 15> positive = {
      0,           1,        2,          kOne / 2,         kOne - 1,  // zero and subnormals
      kOne,        kOne + 1, kBias << F, (kBias << F) + 1, (kBias << F) - 1,
      kTop - kOne, kTop - 1, kTop,       kTop + 1,         kTop + kOne - 1};
  for (std::size_t i = 0; i < 15; ++i) {
    all[2 * i] = positive[i];
    all[2 * i + 1] = positive[i] | 1u << (E + F);
  }
  return all;
}

// Each class in one lane times each class, among zeros or among ones, in every lane in turn.
template <typename Bench, unsigned E, unsigned F>
void run_classes(Bench& b) {
  constexpr std::uint32_t kUnit = ((1u << (E - 1)) - 1) << F;
  const auto all = classes<E, F>();
  std::size_t lane = 0;
  for (const std::uint32_t others : {0u, kUnit, kUnit | 1u << (E + F)})
    for (const std::uint32_t w : all)
      for (const std::uint32_t x : all) {
        b.w.fill(others);
        b.x.fill(kUnit);
        for (std::size_t r = 0; r < Bench::kRows; ++r) b.w[r * Bench::kLanes + lane] = w;
        b.x[lane] = x;
        b.cycle(true);
        lane = (lane + 1) % Bench::kLanes;
      }
  // Pairs of products: infinities of either sign, NaNs, the greatest, against each other.
  for (const std::uint32_t w : all)
    for (const std::uint32_t v : all) {
      b.w.fill(0);
      b.x.fill(kUnit);
      b.w[lane] = w;
      b.w[(lane + 1) % Bench::kLanes] = v;
      b.cycle(true);
      lane = (lane + 1) % Bench::kLanes;
    }
  b.run(0, [](Bench&) {});
}

}  // namespace tern::rtl
