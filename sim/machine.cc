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
// their verilated twin in rtl/configs.cmake.
const std::array kMachines = {
    // A phone-class memory: LPDDR4-3200, four x16 channels in lock step, so that one burst of 16
    // beats is 128 bytes. The latency is assumed: a closed row (tRCD + RL, some 36 ns by JESD209-4)
    // plus controller, PHY and interconnect. 32 bursts in flight cover 160 ns at full rate.
    MachineConfig{"edge", {}, 20, 32, 8, 8192, 32, 1.0, 25.6, 80.0, 128, 32, 128u << 20},
    // For tests: every width differs from the edge's, so that the same words travel in more beats.
    MachineConfig{"small", {}, 20, 16, 4, 256, 8, 0.5, 6.4, 50.0, 64, 8, 4u << 20},
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

// The twins of rtl/tern_pkg.sv: words that `words` become by `levels` levels of 3:2 compressors;
// the latency of an FP16 unit whose tree has four such levels a stage.
constexpr unsigned carry_save(unsigned words, unsigned levels) {
  for (; levels > 0; --levels) words = 2 * (words / 3) + words % 3;
  return words;
}

constexpr unsigned fp16_dot_latency(unsigned lanes) {
  unsigned stages = 0;
  for (unsigned words = carry_save(lanes, 2) + 1; words > 2; words = carry_save(words, 4)) ++stages;
  return 5 + stages;
}

constexpr unsigned kFp16AccLatency = 4;

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
  code = &kernels::tile_code(fp16 ? "f16" : "t5");

  check_range(c, "rows", c.rows, 20, 1020);
  if (rows % 20 != 0)
    refuse(c, "rows", std::to_string(rows), "a multiple of 20, so that every code fills units");
  check_range(c, "lanes", c.lanes, 8, 1024);
  if (!std::has_single_bit(lanes)) refuse(c, "lanes", std::to_string(lanes), "a power of two");
  check_range(c, "max_tokens", max_tokens, 2, 128);
  if (!std::has_single_bit(max_tokens))
    refuse(c, "max_tokens", std::to_string(max_tokens), "a power of two");
  check_range(c, "max_cols", c.max_cols, lanes, 65536);
  if (c.max_cols % lanes != 0)
    refuse(c, "max_cols", std::to_string(c.max_cols), "a multiple of lanes");
  max_cols = c.max_cols;
  unit_bytes = lanes;
  x_word_bytes = lanes * act_bytes;
  w_word_bytes = static_cast<unsigned>(code->step_bytes(tile()));
  dot_latency = fp16 ? fp16_dot_latency(lanes) : 2;
  acc_latency = fp16 ? kFp16AccLatency : 1;

  check_range(c, "beat_bytes", beat_bytes, 4, 128);
  if (!divides(beat_bytes, unit_bytes))
    refuse(c, "beat_bytes", std::to_string(beat_bytes),
           "a divisor of a unit of " + std::to_string(unit_bytes) + " bytes (lanes)");
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
  return job.rows >= 1 && job.rows <= kMaxRows && job.cols >= 1 && job.cols <= max_cols &&
         job.tokens >= 1 && job.tokens <= max_tokens;
}

std::uint64_t Geometry::x_bytes(const Job& job) const {
  return job.tokens * steps(job) * x_word_bytes;
}

std::uint64_t Geometry::w_bytes(const Job& job) const {
  return row_groups(job) * steps(job) * w_word_bytes;
}

std::uint64_t Geometry::y_words(const Job& job) const {
  return std::uint64_t{job.rows} * job.tokens;
}

}  // namespace tern::sim
