// SPDX-License-Identifier: Apache-2.0

#include "sim/platform.h"

namespace tern::sim {
namespace {

DramConfig dram_config(const MachineConfig& config) {
  const Geometry g(config);
  return {config.dram_bytes, config.burst_bytes, sc_core::sc_time::from_value(g.burst_ps),
          sc_core::sc_time::from_value(g.latency_ps)};
}

std::unique_ptr<Engine> make_engine(const MachineConfig& config, Level level) {
  return level == Level::kRtl ? make_rtl_engine(config) : make_cycle_engine(Geometry(config));
}

}  // namespace

Platform::Platform(const sc_core::sc_module_name& name, const MachineConfig& config, Level level)
    : sc_module(name),
      bus("bus", config.dram_bytes),
      dram("dram", dram_config(config)),
      device("device", config, make_engine(config, level)) {
  host.port.bind(bus.in);
  device.dma_port.bind(bus.in);
  bus.dram.bind(dram.port);
  bus.registers.bind(device.registers);
  host.irq.bind(irq);
  device.irq.bind(irq);
}

PlatformCounts Platform::counts() const {
  const DramActivity& d = dram.activity();
  const std::uint64_t burst = dram.config().burst_bytes;
  return {device.engine_counts(), device.vector_counts(), d.bursts_read * burst,
          d.bursts_written * burst, device.cycles()};
}

void Platform::reset_activity() {
  dram.reset_activity();
  device.reset_activity();
}

}  // namespace tern::sim
