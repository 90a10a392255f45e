// SPDX-License-Identifier: Apache-2.0
//
// Host, bus, DRAM and device, wired.

#pragma once

#include <memory>
#include <string>
#include <systemc>

#include "sim/bus.h"
#include "sim/device.h"
#include "sim/dram.h"
#include "sim/host.h"

namespace tern::sim {

struct Platform final : sc_core::sc_module {
  Host host{"host"};
  Bus bus;
  Dram dram;
  Device device;
  sc_core::sc_signal<bool> irq{"irq"};

  // Throws std::runtime_error for an impossible machine and for one without verilated RTL.
  Platform(const sc_core::sc_module_name& name, const MachineConfig& config, Level level);

  PlatformCounts counts() const;
  void reset_activity();
};

}  // namespace tern::sim
