// SPDX-License-Identifier: Apache-2.0
//
// From what the platform's modules counted to the vocabulary of energy/activity.h.

#pragma once

#include <cstdint>

#include "energy/activity.h"
#include "sim/engine.h"
#include "sim/machine.h"

namespace tern::sim {

struct VectorCounts {
  std::uint64_t fp16_macs = 0;
  std::uint64_t fp32_ops = 0;
};

struct PlatformCounts {
  EngineCounts engine;
  VectorCounts vector;
  std::uint64_t dram_read_bytes = 0;   // whole bursts
  std::uint64_t dram_write_bytes = 0;  // whole bursts
  std::uint64_t cycles = 0;            // sum over jobs
};

energy::Activity to_activity(const MachineConfig& config, const PlatformCounts& counts);

}  // namespace tern::sim
