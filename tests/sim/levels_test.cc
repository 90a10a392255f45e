// SPDX-License-Identifier: Apache-2.0
//
// State space: matrix shapes around every tile and burst edge; 1 to max_tokens tokens; random,
// extreme and all-zero values; memories from slow and far to fast and near, one burst in flight to
// many; both machines, both formats. Both levels run each job: equal words, cycles and activity.
// Parameters: TERN_SIM_JOBS=<n> runs more jobs per machine than the default.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "sim/accelerator.h"
#include "tests/sim/fresh_kernel.h"
#include "tests/sim/operands.h"

namespace tern::sim {
namespace {

struct Pair {
  Accelerator cycle, rtl;
  explicit Pair(const MachineConfig& config)
      : cycle(config, Level::kCycle), rtl(config, Level::kRtl) {}
};

int jobs() {
  const char* more = std::getenv("TERN_SIM_JOBS");
  return more != nullptr ? std::atoi(more) : 60;
}

// The named machine with `count` different memories, the first its own.
std::vector<std::unique_ptr<Pair>> make_pairs(const std::string& name, Format format, int count,
                                              std::mt19937& rng) {
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < count; ++i) {
    MachineConfig config = machine(name, format);
    config.dram_bytes = (std::size_t{1} << 22) * static_cast<unsigned>(1 + jobs() / 500);
    if (i > 0) {
      config.clock_ghz = 0.3 + 0.1 * static_cast<double>(rng() % 15);
      config.dram_gb_per_s = config.clock_ghz * static_cast<double>(8 + rng() % 80);
      config.dram_latency_ns = static_cast<double>(rng() % 200);
      config.burst_bytes = config.beat_bytes << (rng() % 4);
      config.outstanding = static_cast<unsigned>(1 + rng() % 20);
    }
    pairs.push_back(std::make_unique<Pair>(config));
  }
  return pairs;
}

std::size_t draw_size(std::mt19937& rng, std::size_t tile, std::size_t limit) {
  const std::size_t n = rng() % 3 == 0 ? tile * (1 + rng() % 4) + rng() % 3 - 1  // near an edge
                                       : 1 + rng() % limit;
  return std::min(std::max<std::size_t>(n, 1), limit);
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), 4 * a.size()) == 0;
}

template <typename Operands, typename Y, typename X>
void compare_levels(Pair& pair, const Operands& o, const X& x, const std::vector<Y>& expected) {
  MatrixId id_cycle, id_rtl;
  if constexpr (std::is_same_v<Operands, TernaryOperands>) {
    id_cycle = pair.cycle.load(o.view(), o.cols);
    id_rtl = pair.rtl.load(o.view(), o.cols);
  } else {
    id_cycle = pair.cycle.load(o.view());
    id_rtl = pair.rtl.load(o.view());
  }
  std::vector<Y> y_cycle(expected.size()), y_rtl(expected.size());
  const JobReport cycle = pair.cycle.run(id_cycle, x.data(), o.tokens, y_cycle.data());
  const JobReport rtl = pair.rtl.run(id_rtl, x.data(), o.tokens, y_rtl.data());
  if constexpr (std::is_same_v<Y, float>) {
    REQUIRE(same_bits(y_cycle, expected));
    REQUIRE(same_bits(y_rtl, expected));
  } else {
    REQUIRE(y_cycle == expected);
    REQUIRE(y_rtl == expected);
  }
  REQUIRE(cycle.cycles == rtl.cycles);
  REQUIRE(pair.cycle.activity().counts == pair.rtl.activity().counts);
}

void run_story(const std::string& name, Format format) {
  const FreshKernel kernel;
  std::mt19937 rng(name == "edge" ? 1 : 2);
  const auto pairs = make_pairs(name, format, 8, rng);
  const MachineConfig config = machine(name, format);
  for (int job = 0; job < jobs(); ++job) {
    Pair& pair = *pairs[static_cast<std::size_t>(job) % pairs.size()];
    const std::size_t rows = draw_size(rng, config.rows, 80);
    const std::size_t cols =
        draw_size(rng, rng() % 2 ? config.lanes : 128, std::min<std::size_t>(config.max_cols, 600));
    const std::size_t tokens = 1 + rng() % config.max_tokens;
    const auto values = static_cast<Values>(rng() % 8 == 0 ? 1 + rng() % 2 : 0);
    CAPTURE(job, rows, cols, tokens, static_cast<int>(values));
    if (format == Format::kTernary) {
      const TernaryOperands o(rng, rows, cols, tokens, values);
      compare_levels(pair, o, o.q, o.product());
    } else {
      const Fp16Operands o(rng, rows, cols, tokens, values);
      compare_levels(pair, o, o.x, o.product(config.lanes));
    }
  }
  for (const auto& pair : pairs) CHECK(pair->cycle.cycles() == pair->rtl.cycles());
}

TEST_CASE("cycle model and RTL agree on the ternary edge machine", "[sim]") {
  run_story("edge", Format::kTernary);
}
TEST_CASE("cycle model and RTL agree on the FP16 edge machine", "[sim]") {
  run_story("edge", Format::kFp16);
}
TEST_CASE("cycle model and RTL agree on the ternary small machine", "[sim]") {
  run_story("small", Format::kTernary);
}
TEST_CASE("cycle model and RTL agree on the FP16 small machine", "[sim]") {
  run_story("small", Format::kFp16);
}

TEST_CASE("the longest dot product is exact and agrees on both levels", "[sim]") {
  const FreshKernel kernel;
  MachineConfig config = machine("edge", Format::kTernary);
  config.dram_bytes = 1u << 22;
  Pair pair(config);
  std::mt19937 rng(3);
  const TernaryOperands o(rng, 9, config.max_cols, config.max_tokens, Values::kExtreme);
  REQUIRE(o.product()[0] == 128 * 8192);
  compare_levels(pair, o, o.q, o.product());
}

}  // namespace
}  // namespace tern::sim
