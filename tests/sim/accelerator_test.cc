// SPDX-License-Identifier: Apache-2.0
//
// State space: the facade's refusals, each with its message; cycles and activity of the smallest
// job and of vector work, counted by hand; the order of construction and jobs.
// Parameters: the small machine: 2 ns a cycle, bursts of 64 bytes in 5 cycles, latency 25 cycles.

#include "sim/accelerator.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "energy/price.h"
#include "tests/sim/fresh_kernel.h"
#include "tests/sim/operands.h"

namespace tern::sim {
namespace {

using Catch::Matchers::Contains;
using energy::Event;
using energy::Scope;

TEST_CASE("the smallest ternary job takes the cycles and the events counted by hand", "[sim]") {
  const FreshKernel kernel;
  Accelerator cycle(machine("small", Format::kTernary), Level::kCycle);
  Accelerator rtl(machine("small", Format::kTernary), Level::kRtl);
  std::mt19937 rng(1);
  TernaryOperands o(rng, 4, 16, 1, Values::kRandom);
  std::uint64_t nonzero = 0;
  for (const auto w : o.trits) nonzero += w != 0;
  for (Accelerator* a : {&cycle, &rtl}) {
    std::vector<std::int32_t> y(4);
    const MatrixId id = a->load(o.view(), 16);
    // Activations, 2 beats: asked for in cycle 1, there after 25 + 5, popped in 31 and 32. Weights
    // of 20 rows, 8 beats: asked for in 2, there when the channel has served both, in 36; the last
    // fires in 43. The sum stands in 47, the first word leaves in 49, the fourth in 52; the write
    // asked for in 53 is complete in 53 + 25 + 5.
    CHECK(a->run(id, o.q.data(), 1, y.data()).cycles == 83);
    CHECK(y == o.product());
    CHECK(a->cycles() == 83);
    const auto counts = a->activity().counts;
    const auto count = [&counts](Scope scope, const char* where, const char* what, unsigned bits,
                                 std::uint64_t bytes = 0) -> std::uint64_t {
      const auto it = counts.find(Event{scope, where, what, bits, bytes});
      return it == counts.end() ? 0 : it->second;
    };
    CHECK(count(Scope::kArithmetic, "dot_product", "trit_select", 8) == nonzero);
    CHECK(count(Scope::kArithmetic, "dot_product", "trit_zero", 8) == 320 - nonzero);
    CHECK(count(Scope::kArithmetic, "dot_tree", "int_add", 16) == 20 * 15);
    CHECK(count(Scope::kArithmetic, "accumulator", "int_add", 32) == 20);
    CHECK(count(Scope::kCore, "activation_sram", "sram_write", 64, 4 * 256) == 2);
    CHECK(count(Scope::kCore, "activation_sram", "sram_read", 64, 4 * 256) == 2);
    CHECK(count(Scope::kCore, "stream_fifo", "sram_write", 64, 8 * 64) == 10);
    CHECK(count(Scope::kCore, "stream_fifo", "sram_read", 64, 8 * 64) == 10);
    CHECK(count(Scope::kCore, "engine", "idle_cycle", 1) == 82);
    // Of 10 beats 5 gathered to units; of the step's 640 bits 480 kept and all held; one fire
    // (activations, 20 rows of nine counts of 5 bits, sums of 13 and accumulators of 17, control),
    // four results (read register and port).
    CHECK(count(Scope::kCore, "engine", "register_clock", 1) ==
          5 * 64 + 480 + 640 + (128 + 20 * (9 * 5 + 13 + 17) + 64) + 4 * (17 + 32));
    CHECK(count(Scope::kSystem, "dram", "dram_read", 64) == 2 * 64 / 8);
    CHECK(count(Scope::kSystem, "dram", "dram_write", 64) == 64 / 8);
    CHECK(counts.size() == 12);
    a->reset_activity();
    CHECK(a->activity().counts.empty());
    CHECK(a->cycles() == 0);
  }
}

TEST_CASE("the smallest FP16 job multiplies and adds on every lane", "[sim]") {
  const FreshKernel kernel;
  Accelerator a(machine("small", Format::kFp16), Level::kRtl);
  std::mt19937 rng(2);
  const Fp16Operands o(rng, 5, 16, 2, Values::kRandom);  // a row group, padded
  std::vector<float> y(10);
  a.run(a.load(o.view()), o.x.data(), 2, y.data());
  CHECK(y == o.product(16));
  const auto counts = a.activity().counts;
  CHECK(counts.at(Event{Scope::kArithmetic, "dot_product", "fp_mul", 16}) == 2 * 20 * 16);
  CHECK(counts.at(Event{Scope::kArithmetic, "dot_tree", "fp_add", 32}) == 2 * 20 * 15);
  CHECK(counts.at(Event{Scope::kArithmetic, "accumulator", "fp_add", 32}) == 2 * 20);
  CHECK(counts.at(Event{Scope::kSystem, "dram", "dram_read", 64}) == (64 + 640) / 8);
}

TEST_CASE("vector work takes the longer of memory and arithmetic", "[sim]") {
  const FreshKernel kernel;
  Accelerator a(machine("small", Format::kTernary), Level::kCycle);
  Accelerator b(machine("small", Format::kFp16), Level::kRtl);
  for (Accelerator* one : {&a, &b}) {
    CHECK(one->run(Accelerator::VectorWork{}).cycles == 1);
    // The first burst is there in 1 + 25 + 5; the 8 slots cover 30 cycles of latency, so the others
    // follow every 5.
    CHECK(one->run({.read_bytes = 100 * 64}).cycles == 31 + 99 * 5);
    CHECK(one->run({.read_bytes = 65, .write_bytes = 1}).cycles == 31 + 2 * 5);
    // 20 rows x 16 lanes / 8 = 40 operations per cycle.
    CHECK(one->run({.fp16_macs = 4000, .fp32_ops = 401}).cycles == 1 + 111);
    CHECK(one->run({.read_bytes = 64, .fp16_macs = 40 * 30}).cycles == 31);
    CHECK(one->run({.read_bytes = 64, .fp16_macs = 40 * 30 + 1}).cycles == 32);
    const auto counts = one->activity().counts;
    CHECK(counts.at(Event{Scope::kArithmetic, "vector_unit", "fp_mul", 16}) == 4000 + 2401);
    CHECK(counts.at(Event{Scope::kArithmetic, "vector_unit", "fp_add", 32}) == 4000 + 2401);
    CHECK(counts.at(Event{Scope::kArithmetic, "vector_unit", "fp_mul", 32}) == 401);
    CHECK(counts.at(Event{Scope::kSystem, "dram", "dram_read", 64}) == (100 + 2 + 2) * 8);
    CHECK(counts.at(Event{Scope::kSystem, "dram", "dram_write", 64}) == 8);
    CHECK_THROWS_WITH(one->run({.read_bytes = std::uint64_t{1} << 33}), Contains("out of range"));
  }
}

TEST_CASE("every event that a machine counts has a price", "[sim]") {
  const FreshKernel kernel;
  const auto logic = {energy::Technology::load("energy/technology/cmos45.toml"),
                      energy::Technology::load("energy/technology/n7.toml")};
  const auto dram = energy::Technology::load("energy/dram/lpddr4-3200.toml");
  std::vector<std::unique_ptr<Accelerator>> all;
  for (const std::string_view name : machine_names())
    for (const Format format : {Format::kTernary, Format::kFp16})
      all.push_back(std::make_unique<Accelerator>(machine(name, format), Level::kCycle));
  std::mt19937 rng(4);
  const TernaryOperands t(rng, 20, 100, 2, Values::kRandom);
  const Fp16Operands h(rng, 20, 100, 2, Values::kRandom);
  for (const auto& a : all) {
    std::vector<std::int32_t> acc(40);
    std::vector<float> y(40);
    if (a->config().format == Format::kTernary)
      a->run(a->load(t.view(), 100), t.q.data(), 2, acc.data());
    else
      a->run(a->load(h.view()), h.x.data(), 2, y.data());
    a->run({.read_bytes = 1, .write_bytes = 1, .fp16_macs = 1, .fp32_ops = 1});
    for (const auto& technology : logic) {
      const energy::Bill bill = energy::price(a->activity(), technology, dram);
      for (const Scope scope : energy::kAllScopes) CHECK(bill.own(scope).nominal > 0);
    }
  }
}

TEST_CASE("a machine that cannot be is refused by name and field", "[sim]") {
  CHECK_THROWS_WITH(machine("mega", Format::kFp16),
                    "machine 'mega' is unknown; there are: edge, small");
  const FreshKernel kernel;
  const auto refuse = [](auto change, const std::string& field, Level level = Level::kCycle) {
    MachineConfig config = machine("edge", Format::kFp16);
    change(config);
    CHECK_THROWS_WITH(Accelerator(config, level), Contains("machine 'edge'") && Contains(field));
  };
  refuse([](auto& c) { c.lanes = 24; }, "lanes");
  refuse([](auto& c) { c.rows = 0; }, "rows");
  refuse([](auto& c) { c.rows = 30; }, "multiple of 20");
  refuse([](auto& c) { c.max_tokens = 3; }, "max_tokens");
  refuse([](auto& c) { c.max_cols = 4097; }, "max_cols");
  refuse([](auto& c) { c.max_cols = 65552; }, "max_cols");
  refuse([](auto& c) { c.beat_bytes = 48; }, "beat_bytes");
  refuse([](auto& c) { c.burst_bytes = 48; }, "burst_bytes");
  refuse([](auto& c) { c.outstanding = 0; }, "outstanding");
  refuse([](auto& c) { c.clock_ghz = 0; }, "clock_ghz");
  refuse([](auto& c) { c.clock_ghz = std::numeric_limits<double>::quiet_NaN(); }, "clock_ghz");
  refuse([](auto& c) { c.dram_gb_per_s = 7.9; }, "dram_gb_per_s");
  refuse([](auto& c) { c.dram_latency_ns = -1; }, "dram_latency_ns");
  refuse([](auto& c) { c.dram_bytes = std::size_t{1} << 32; }, "dram_bytes");
  refuse([](auto& c) { c.rows = 40; }, "no RTL was verilated", Level::kRtl);
}

TEST_CASE("what does not suit the machine is refused", "[sim]") {
  const FreshKernel kernel;
  MachineConfig config = machine("small", Format::kTernary);
  config.dram_bytes = 1u << 14;
  config.max_tokens = 2;
  Accelerator ternary(config, Level::kCycle), fp16(machine("small", Format::kFp16), Level::kRtl);
  std::mt19937 rng(3);
  TernaryOperands t(rng, 8, 250, 1, Values::kRandom);
  Fp16Operands h(rng, 3, 20, 1, Values::kRandom);
  CHECK_THROWS_WITH(ternary.load(h.view()), Contains("other format"));
  CHECK_THROWS_WITH(fp16.load(t.view(), 250), Contains("other format"));
  const TernaryOperands wide(rng, 1, 257, 1, Values::kRandom);
  CHECK_THROWS_WITH(ternary.load(wide.view(), 257), Contains("1 x 257"));
  CHECK_THROWS_WITH(ternary.load({t.packed.data(), 0, 2}, 250), Contains("0 x 250"));
  const TernaryOperands tall(rng, 300, 250, 1, Values::kRandom);
  CHECK_THROWS_WITH(ternary.load(tall.view(), 250), Contains("dram_bytes"));

  // 16 KiB: 512 for activations, 64 for the vector unit; 3200 of weights and 8000 of results leave
  // room for 4 matrices of 1024.
  const TernaryOperands high(rng, 1000, 16, 1, Values::kRandom);
  const TernaryOperands small(rng, 4, 250, 1, Values::kRandom);
  ternary.load(high.view(), 16);
  for (int i = 0; i < 4; ++i) ternary.load(small.view(), 250);
  CHECK_THROWS_WITH(ternary.load(small.view(), 250), Contains("dram_bytes"));

  t.packed[64 + 1] |= 0xc0;  // row 1, column 1: code 3
  CHECK_THROWS_WITH(ternary.load(t.view(), 250), Contains("row 1, column 1 is no trit"));
  h.w[2 * 20 + 7] = 0x7c00;
  CHECK_THROWS_WITH(fp16.load(h.view()), Contains("row 2, column 7 is not finite"));

  h.w[2 * 20 + 7] = 0;
  const MatrixId id = fp16.load(h.view());
  std::vector<float> y(3);
  std::vector<float> infinite = h.x;
  infinite[19] = std::numeric_limits<float>::infinity();
  fp16.run(id, infinite.data(), 1, y.data());
  for (const float one : y) CHECK_FALSE(std::isfinite(one));
  fp16.run(id, h.x.data(), 1, y.data());
  CHECK(y == h.product(16));
  CHECK_THROWS_WITH(Accelerator(config, Level::kCycle), Contains("before the first job"));
}

}  // namespace
}  // namespace tern::sim
