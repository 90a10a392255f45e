// SPDX-License-Identifier: Apache-2.0

#include "sim/machine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace tern::sim {
namespace {

// `format` is filled in by machine(). The rows, lanes, tokens, columns and beats of each row have
// their verilated twin in rtl/CMakeLists.txt.
const std::array kMachines = {
    // A phone-class memory: LPDDR4-3200, four x16 channels in lock step, so that one burst of 16
    // beats is 128 bytes. The latency is assumed: a closed row (tRCD + RL, some 36 ns by JESD209-4)
    // plus controller, PHY and interconnect. 32 bursts in flight cover 160 ns at full rate.
    MachineConfig{"edge", {}, 8, 16, 8, 4096, 32, 1.0, 25.6, 80.0, 128, 32, 128u << 20},
    // For tests: every width differs from the edge's, so that the same words travel in more beats.
    MachineConfig{"small", {}, 4, 16, 2, 256, 8, 0.5, 6.4, 50.0, 64, 8, 4u << 20},
};
const std::array<std::string_view, kMachines.size()> kNames = {"edge", "small"};

constexpr std::size_t kMaxDramBytes = std::size_t{1} << 31;  // registers lie above

[[noreturn]] void refuse(const MachineConfig& config, const char* field, const std::string& found,
                         const std::string& expected) {
  throw std::runtime_error("machine '" + config.name + "': " + field + " is " + found +
                           ", expected " + expected);
}

void check_range(const MachineConfig& config, const char* field, double value, double low,
                 double high) {
  if (!(value >= low && value <= high))
    refuse(config, field, std::to_string(value),
           std::to_string(low) + " to " + std::to_string(high));
}

bool divides(unsigned a, unsigned b) { return a != 0 && b % a == 0; }

std::uint64_t round_up(std::uint64_t n, std::uint64_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

MachineConfig machine(std::string_view name, Format format) {
  for (const MachineConfig& row : kMachines)
    if (row.name == name) {
      MachineConfig config = row;
      config.format = format;
      return config;
    }
  std::string known;
  for (const std::string_view one : kNames) known += (known.empty() ? "" : ", ") + std::string(one);
  throw std::runtime_error("machine '" + std::string(name) + "' is unknown; there are: " + known);
}

std::span<const std::string_view> machine_names() { return kNames; }

Geometry::Geometry(const MachineConfig& c)
    : format(c.format),
      rows(c.rows),
      lanes(c.lanes),
      max_tokens(c.max_tokens),
      beat_bytes(c.beat_bytes),
      burst_bytes(c.burst_bytes) {
  const bool fp16 = format == Format::kFp16;
  act_bytes = fp16 ? 2 : 1;
  weight_bits = fp16 ? 16 : 2;

  check_range(c, "rows", c.rows, 1, 1024);
  check_range(c, "lanes", c.lanes, 16, 1024);
  if (fp16 ? lanes != 16 : lanes % 16 != 0)
    refuse(c, "lanes", std::to_string(lanes),
           fp16 ? "16 (one per accumulator)" : "a multiple of 16");
  check_range(c, "max_tokens", max_tokens, 2, 128);
  if (!std::has_single_bit(max_tokens))
    refuse(c, "max_tokens", std::to_string(max_tokens), "a power of two");
  check_range(c, "max_cols", c.max_cols, lanes, 65536);
  if (c.max_cols % lanes != 0)
    refuse(c, "max_cols", std::to_string(c.max_cols), "a multiple of lanes");
  max_steps = c.max_cols / lanes;
  x_word_bytes = lanes * act_bytes;
  w_word_bytes = rows * lanes * weight_bits / 8;

  check_range(c, "beat_bytes", beat_bytes, 1, 1024);
  if (!divides(beat_bytes, w_word_bytes))
    refuse(c, "beat_bytes", std::to_string(beat_bytes),
           "a divisor of the " + std::to_string(w_word_bytes) + " bytes of a weight step");
  if (!divides(beat_bytes, x_word_bytes) && !divides(x_word_bytes, beat_bytes))
    refuse(c, "beat_bytes", std::to_string(beat_bytes),
           "a divisor or a multiple of the " + std::to_string(x_word_bytes) +
               " bytes of an activation step");
  check_range(c, "burst_bytes", burst_bytes, 4, 4096);
  if (burst_bytes % beat_bytes != 0 || burst_bytes % 4 != 0)
    refuse(c, "burst_bytes", std::to_string(burst_bytes), "a multiple of beat_bytes and of 4");
  check_range(c, "outstanding", c.outstanding, 1, 4096);

  check_range(c, "clock_ghz", c.clock_ghz, 0.001, 100);
  check_range(c, "dram_latency_ns", c.dram_latency_ns, 0, 1e6);
  // Results leave at 4 bytes a cycle and are never held up by memory (sim/dma.h).
  check_range(c, "dram_gb_per_s", c.dram_gb_per_s, 8 * c.clock_ghz, 1e5);
  period_ps = static_cast<std::uint64_t>(std::llround(1000 / c.clock_ghz));
  burst_ps = static_cast<std::uint64_t>(std::llround(1000 * burst_bytes / c.dram_gb_per_s));
  latency_ps = static_cast<std::uint64_t>(std::llround(1000 * c.dram_latency_ns));

  check_range(c, "dram_bytes", static_cast<double>(c.dram_bytes), 4 * burst_bytes, kMaxDramBytes);
  if (c.dram_bytes % burst_bytes != 0)
    refuse(c, "dram_bytes", std::to_string(c.dram_bytes), "a multiple of burst_bytes");
}

bool Geometry::fits(const Job& job) const {
  return job.row_groups >= 1 && job.row_groups <= 65535 && job.steps >= 1 &&
         job.steps <= max_steps && job.tokens >= 1 && job.tokens <= max_tokens;
}

std::uint64_t Geometry::x_bytes(const Job& job) const {
  return round_up(std::uint64_t{job.tokens} * job.steps * x_word_bytes, beat_bytes);
}

std::uint64_t Geometry::w_bytes(const Job& job) const {
  return std::uint64_t{job.row_groups} * job.steps * w_word_bytes;
}

std::uint64_t Geometry::y_words(const Job& job) const {
  return std::uint64_t{job.row_groups} * job.tokens * rows;
}

}  // namespace tern::sim
