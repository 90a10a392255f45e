// SPDX-License-Identifier: Apache-2.0
//
// State space: sums into 16 slots in random order, each slot again after Latency cycles at the
// earliest, some of them opening a new dot product, -0 among them; slots read while others are
// under way; junk on idle inputs, and idle reads hold. The oracle is the host's float.
// Parameters: Slots=16; 1 M cycles.

#include <Vtern_accumulate_fp.h>

#include "tests/rtl/float/dot_bench.h"

namespace tern::rtl {
namespace {

constexpr unsigned kLatency = 4;
constexpr std::size_t kSlots = 16;

TEST_CASE("tern_accumulate_fp adds every sum to its slot", "[rtl]") {
  RandomPowerUp context(1);
  Covered<Vtern_accumulate_fp> dut(&context);
  std::mt19937_64 rng(1);
  std::array<float, kSlots> acc{};
  std::array<bool, kSlots> opened{};
  std::array<std::uint64_t, kSlots> free_at{};
  unsigned enable = 0;
  std::uint32_t read = 0;
  bool any_read = false, just_read = false;
  std::size_t back_to_back = 0;
  dut.clk_i = 0;
  dut.eval();
  for (std::uint64_t cycle = 0; cycle < 1'000'000; ++cycle) {
    const auto slot = static_cast<std::size_t>(rng() % kSlots);
    const bool valid = free_at[slot] <= cycle && rng() % 4 != 0;
    const bool first = !opened[slot] || rng() % 16 == 0;
    auto sum = static_cast<std::uint32_t>(rng());
    if (rng() % 64 != 0)
      sum = (sum & 0x807fffff) | (118 + static_cast<std::uint32_t>(rng() % 10)) << 23;
    if (rng() % 16 == 0) sum = rng() % 2 ? 0x80000000u : 0u;
    dut.first_i = first;
    dut.slot_i = static_cast<CData>(slot);
    dut.sum_i = sum;
    const auto read_slot = static_cast<std::size_t>(rng() % kSlots);
    just_read = opened[read_slot] && free_at[read_slot] <= cycle && rng() % 2 == 0;
    dut.read_i = just_read;
    dut.read_slot_i = static_cast<CData>(read_slot);
    if (just_read) {
      read = canonical(acc[read_slot]);
      any_read = true;
    }
    if (valid) {
      acc[slot] = (first ? 0.0f : acc[slot]) + std::bit_cast<float>(sum);
      opened[slot] = true;
      if (free_at[slot] == cycle) ++back_to_back;
      free_at[slot] = cycle + kLatency;
    }
    enable = (enable << 1 | (valid ? 1u : 0u)) & ((1u << kLatency) - 1);
    dut.en_i = static_cast<CData>(enable);
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    if (any_read && dut.acc_o != read) {
      CAPTURE(cycle, read_slot);
      REQUIRE(dut.acc_o == read);
    }
  }
  CHECK(back_to_back > 1000);
}

}  // namespace
}  // namespace tern::rtl
