// SPDX-License-Identifier: Apache-2.0
//
// State space: every weight times every activation on every lane of every row, among others that
// change with it; all operands at either end, where sums reach their bounds; random steps with
// random gaps, whose inputs are junk; long idling with junk on the inputs.
// Parameters: all integer units (rows of kUnits), from 1 row x 8 lanes to 20 x 64.

#include <Vint4_1x8.h>
#include <Vint4_20x64.h>
#include <Vint4_5x16.h>
#include <Vint8_1x8.h>
#include <Vint8_20x64.h>
#include <Vint8_5x16.h>
#include <Vint8_adders_5x16.h>
#include <Vlut2_1x8.h>
#include <Vlut2_20x64.h>
#include <Vlut2_5x16.h>
#include <Vlut3_1x8.h>
#include <Vlut3_20x64.h>
#include <Vlut3_5x16.h>
#include <Vlut3_adders_5x16.h>
#include <Vternary_1x8.h>
#include <Vternary_20x64.h>
#include <Vternary_5x16.h>
#include <Vternary_adders_5x16.h>
#include <Vternary_masked_1x8.h>
#include <Vternary_masked_20x64.h>
#include <Vternary_masked_5x16.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/rtl/power_up.h"

namespace tern::rtl {
namespace {

constexpr std::size_t kLatency = 2;
constexpr std::size_t kActBits = 8;

using Bits = std::vector<bool>;
using Ints = std::vector<int>;

template <class Port>
void poke(Port& port, const Bits& bits) {
  if constexpr (std::is_integral_v<Port>) {
    port = 0;
    for (std::size_t i = 0; i < bits.size(); ++i)
      port = static_cast<Port>(port | Port{bits[i]} << i);
  } else {
    for (std::size_t i = 0; i < (bits.size() + 31) / 32; ++i) port[i] = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) port[i / 32] |= EData{bits[i]} << (i % 32);
  }
}

template <class Port>
bool peek(const Port& port, std::size_t i) {
  if constexpr (std::is_integral_v<Port>)
    return port >> i & 1;
  else
    return port[i / 32] >> (i % 32) & 1;
}

struct Dut {
  virtual ~Dut() = default;
  virtual void drive(unsigned en, const Bits& w, const Bits& x) = 0;
  virtual void tick() = 0;
  virtual bool sum_bit(std::size_t i) const = 0;
};

template <class Model>
struct DutOf : Dut {
  RandomPowerUp context;
  Covered<Model> model{&context};

  explicit DutOf(unsigned seed) : context(seed) {
    model.clk_i = 0;
    model.en_i = 0;
    model.eval();
  }
  void drive(unsigned en, const Bits& w, const Bits& x) override {
    model.en_i = static_cast<CData>(en);
    poke(model.w_i, w);
    poke(model.x_i, x);
  }
  void tick() override {
    model.clk_i = 1;
    model.eval();
    model.clk_i = 0;
    model.eval();
  }
  bool sum_bit(std::size_t i) const override { return peek(model.sum_o, i); }
};

template <class Model>
std::unique_ptr<Dut> make(unsigned seed) {
  return std::make_unique<DutOf<Model>>(seed);
}

struct Unit {
  const char* name;
  std::size_t weight_bits;  // 2: trits, else two's complement
  std::size_t rows, lanes;
  std::unique_ptr<Dut> (*make)(unsigned seed);

  int lowest_weight() const { return weight_bits == 2 ? -1 : -(1 << (weight_bits - 1)); }
  int weights() const { return weight_bits == 2 ? 3 : 1 << weight_bits; }
  std::size_t sum_bits() const {
    std::size_t bits = (weight_bits == 2 ? 1 : weight_bits) + kActBits;
    for (std::size_t l = 1; l < lanes; l *= 2) ++bits;
    return bits;
  }
};

const Unit kUnits[] = {
    {"ternary 1x8", 2, 1, 8, make<Vternary_1x8>},
    {"ternary 5x16", 2, 5, 16, make<Vternary_5x16>},
    {"ternary 20x64", 2, 20, 64, make<Vternary_20x64>},
    {"ternary, masked, 1x8", 2, 1, 8, make<Vternary_masked_1x8>},
    {"ternary, masked, 5x16", 2, 5, 16, make<Vternary_masked_5x16>},
    {"ternary, masked, 20x64", 2, 20, 64, make<Vternary_masked_20x64>},
    {"ternary, adders, 5x16", 2, 5, 16, make<Vternary_adders_5x16>},
    {"tables of 2, 1x8", 2, 1, 8, make<Vlut2_1x8>},
    {"tables of 2, 5x16", 2, 5, 16, make<Vlut2_5x16>},
    {"tables of 2, 20x64", 2, 20, 64, make<Vlut2_20x64>},
    {"tables of 3, 1x8", 2, 1, 8, make<Vlut3_1x8>},
    {"tables of 3, 5x16", 2, 5, 16, make<Vlut3_5x16>},
    {"tables of 3, 20x64", 2, 20, 64, make<Vlut3_20x64>},
    {"tables of 3, adders, 5x16", 2, 5, 16, make<Vlut3_adders_5x16>},
    {"int4 1x8", 4, 1, 8, make<Vint4_1x8>},
    {"int4 5x16", 4, 5, 16, make<Vint4_5x16>},
    {"int4 20x64", 4, 20, 64, make<Vint4_20x64>},
    {"int8 1x8", 8, 1, 8, make<Vint8_1x8>},
    {"int8 5x16", 8, 5, 16, make<Vint8_5x16>},
    {"int8 20x64", 8, 20, 64, make<Vint8_20x64>},
    {"int8, adders, 5x16", 8, 5, 16, make<Vint8_adders_5x16>},
};

// Sums are expected `kLatency` ticks after their step, and then until the next one's.
struct Bench {
  const Unit& unit;
  std::unique_ptr<Dut> dut;
  std::mt19937 rng;
  Ints w, x;  // [rows, lanes], [lanes]
  std::vector<std::optional<Ints>> pipe{kLatency};
  std::optional<Ints> held;

  Bench(const Unit& u, unsigned seed)
      : unit(u), dut(u.make(seed)), rng(seed), w(u.rows * u.lanes), x(u.lanes) {}

  int random_weight() {
    return unit.lowest_weight() + static_cast<int>(rng() % static_cast<unsigned>(unit.weights()));
  }
  int random_activation() { return static_cast<int>(rng() % 256) - 128; }

  void step() {
    Bits w_bits(unit.rows * unit.weight_bits * unit.lanes), x_bits(kActBits * unit.lanes);
    for (std::size_t l = 0; l < unit.lanes; ++l) {
      for (std::size_t r = 0; r < unit.rows; ++r) {
        const int v = w[r * unit.lanes + l];
        const auto code = static_cast<unsigned>(unit.weight_bits == 2 ? (v & 1) | (v < 0) << 1 : v);
        for (std::size_t b = 0; b < unit.weight_bits; ++b)
          w_bits[(r * unit.weight_bits + b) * unit.lanes + l] = code >> b & 1;
      }
      for (std::size_t j = 0; j < kActBits; ++j)
        x_bits[j * unit.lanes + l] = static_cast<unsigned>(x[l]) >> j & 1;
    }
    Ints sums(unit.rows);
    for (std::size_t r = 0; r < unit.rows; ++r)
      for (std::size_t l = 0; l < unit.lanes; ++l) sums[r] += w[r * unit.lanes + l] * x[l];
    tick(w_bits, x_bits, sums);
  }

  void idle() {
    Bits w_bits(unit.rows * unit.weight_bits * unit.lanes), x_bits(kActBits * unit.lanes);
    for (std::size_t i = 0; i < w_bits.size(); ++i) w_bits[i] = rng() & 1;
    for (std::size_t i = 0; i < x_bits.size(); ++i) x_bits[i] = rng() & 1;
    tick(w_bits, x_bits, std::nullopt);
  }

  void drain() {
    for (std::size_t i = 0; i < kLatency; ++i) idle();
  }

 private:
  void tick(const Bits& w_bits, const Bits& x_bits, std::optional<Ints> sums) {
    pipe.insert(pipe.begin(), std::move(sums));
    unsigned en = 0;
    for (std::size_t s = 0; s < kLatency; ++s) en |= unsigned{pipe[s].has_value()} << s;
    dut->drive(en, w_bits, x_bits);
    dut->tick();
    if (pipe[kLatency - 1]) held = pipe[kLatency - 1];
    pipe.pop_back();
    if (held && sums_of_dut() != *held) REQUIRE(sums_of_dut() == *held);
  }

  Ints sums_of_dut() const {
    Ints sums(unit.rows);
    const std::size_t width = unit.sum_bits();
    for (std::size_t r = 0; r < unit.rows; ++r)
      for (std::size_t b = 0; b < width; ++b)
        if (dut->sum_bit(r * width + b)) sums[r] += b == width - 1 ? -(1 << b) : 1 << b;
    return sums;
  }
};

// A step holds a pair on every lane of every row: as the step's number runs over all pairs, so does
// each lane's, from a beginning and with an odd stride of its own (the weights' by rotation).
TEST_CASE("every weight times every activation is exact on every lane", "[rtl]") {
  for (const Unit& unit : kUnits) {
    DYNAMIC_SECTION(unit.name) {
      Bench b(unit, 1);
      const auto weights = static_cast<unsigned>(unit.weights());
      Ints begin(unit.lanes), stride(unit.lanes), turn(unit.rows * unit.lanes);
      for (int& v : begin) v = static_cast<int>(b.rng() % 256);
      for (int& v : stride) v = static_cast<int>(b.rng() % 256) | 1;
      for (int& v : turn) v = static_cast<int>(b.rng() % weights);
      for (unsigned pair = 0; pair < 256 * weights; ++pair) {
        for (std::size_t l = 0; l < unit.lanes; ++l) {
          b.x[l] = (begin[l] + static_cast<int>(pair % 256) * stride[l]) % 256 - 128;
          for (std::size_t r = 0; r < unit.rows; ++r) {
            const std::size_t i = r * unit.lanes + l;
            b.w[i] = unit.lowest_weight() +
                     static_cast<int>((pair / 256 + static_cast<unsigned>(turn[i])) % weights);
          }
        }
        b.step();
      }
      b.drain();
    }
  }
}

TEST_CASE("sums are exact where all operands stand at an end", "[rtl]") {
  for (const Unit& unit : kUnits) {
    DYNAMIC_SECTION(unit.name) {
      Bench b(unit, 2);
      const int lowest = unit.lowest_weight(), highest = lowest + unit.weights() - 1;
      for (const int w : {lowest, -1, 0, 1, highest})
        for (const int x : {-128, -127, -1, 0, 1, 127}) {
          b.w.assign(b.w.size(), w);
          b.x.assign(b.x.size(), x);
          b.step();
        }
      for (int i = 0; i < 1000; ++i) {
        for (int& w : b.w) w = b.rng() & 1 ? lowest : highest;
        for (int& x : b.x) x = b.rng() & 1 ? -128 : 127;
        b.step();
      }
      b.drain();
    }
  }
}

TEST_CASE("steps and gaps in any order leave every sum exact and held until the next", "[rtl]") {
  for (const Unit& unit : kUnits) {
    DYNAMIC_SECTION(unit.name) {
      Bench b(unit, 3);
      for (int i = 0; i < 5000; ++i) {
        for (int& w : b.w) w = b.random_weight();
        for (int& x : b.x) x = b.random_activation();
        b.step();
        while (b.rng() % 3 == 0) b.idle();
      }
      b.drain();
    }
  }
}

TEST_CASE("a sum outlasts a long idling with junk on the inputs", "[rtl]") {
  for (const Unit& unit : kUnits) {
    DYNAMIC_SECTION(unit.name) {
      Bench b(unit, 4);
      for (int& w : b.w) w = unit.lowest_weight();
      for (int& x : b.x) x = -128;
      b.step();
      for (int i = 0; i < 200; ++i) b.idle();
    }
  }
}

}  // namespace
}  // namespace tern::rtl
