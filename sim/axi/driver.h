// SPDX-License-Identifier: Apache-2.0
//
// Drives a verilated tern_accelerator: registers over AXI4-Lite, memory over AXI4, the interrupt.
// Registers are those of rtl/tern_pkg.sv.

#pragma once

#include <verilated.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "sim/axi/memory.h"

namespace tern::sim {

enum class AxiRegister : std::uint32_t {  // word index
  kMagic = 0,
  kFormat = 1,
  kDotUnit = 2,
  kRows = 3,
  kLanes = 4,
  kMaxTokens = 5,
  kMaxCols = 6,
  kBeatBytes = 7,
  kStatus = 8,
  kInterrupt = 9,
  kEnable = 10,
  kDoorbell = 11,
  kRowCount = 12,
  kColCount = 13,
  kTokenCount = 14,
  kCode = 15,
  kXAddress = 16,
  kWAddress = 18,
  kYAddress = 20,
  kXStride = 22,
  kYStride = 23,
  kCycles = 24,
  kFires = 26,
  kWaitMemory = 28,
  kWaitDrain = 30,
  kColumnSkip = 32,
};

enum class AxiStatus : std::uint32_t {
  kIdle = 0,
  kBusy = 1,
  kDone = 2,
  kBadShape = 3,
  kBadAddress = 4,
  kBadCode = 5,
  kBusError = 6,
  kBadWeight = 7,
};

struct AxiJob {
  std::uint32_t rows, cols, tokens;  // M, K, T
  std::uint32_t code;                // of the weights: tern_pkg::JobT2 ...
  std::uint64_t x_address, w_address, y_address;
  std::uint32_t x_stride, y_stride;  // bytes
};

template <typename Model>
class AxiDriver {
 public:
  VerilatedContext context;
  Model dut;
  AxiMemory<Model> memory;
  std::uint64_t cycles = 0;

  // Registers and memories of the design wake with random contents, those of one seed alike.
  explicit AxiDriver(const AxiMemoryConfig& config)
      : dut(power_up(context, config.seed)), memory(config) {
    dut.clk_i = 0;
    dut.rst_ni = 0;
    dut.s_awvalid_i = dut.s_wvalid_i = dut.s_arvalid_i = 0;
    dut.s_bready_i = dut.s_rready_i = 1;
    dut.m_rvalid_i = dut.m_bvalid_i = dut.m_arready_i = dut.m_awready_i = dut.m_wready_i = 0;
    dut.eval();
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.rst_ni = 1;
    dut.eval();
  }

  void tick() {
    memory.before_edge(dut);
    dut.clk_i = 1;
    dut.eval();
    dut.clk_i = 0;
    dut.eval();
    ++cycles;
  }

  // The response: 0, or 2 (SLVERR).
  unsigned write(std::uint32_t byte_offset, std::uint32_t value, unsigned strobes = 15) {
    dut.s_awvalid_i = dut.s_wvalid_i = 1;
    dut.s_awaddr_i = static_cast<std::uint8_t>(byte_offset);
    dut.s_wdata_i = value;
    dut.s_wstrb_i = static_cast<std::uint8_t>(strobes);
    dut.eval();
    while (!dut.s_awready_o || !dut.s_wready_o) tick();
    tick();
    dut.s_awvalid_i = dut.s_wvalid_i = 0;
    while (!dut.s_bvalid_o) tick();
    const unsigned response = dut.s_bresp_o;
    tick();
    return response;
  }
  void write(AxiRegister r, std::uint32_t value) {
    if (write(4 * static_cast<std::uint32_t>(r), value) != 0)
      throw std::runtime_error("register " + std::to_string(static_cast<std::uint32_t>(r)) +
                               " refuses a write");
  }
  void write64(AxiRegister r, std::uint64_t value) {
    write(r, static_cast<std::uint32_t>(value));
    write(static_cast<AxiRegister>(static_cast<std::uint32_t>(r) + 1),
          static_cast<std::uint32_t>(value >> 32));
  }

  std::uint32_t read(std::uint32_t byte_offset, unsigned* response) {
    dut.s_arvalid_i = 1;
    dut.s_araddr_i = static_cast<std::uint8_t>(byte_offset);
    dut.eval();
    while (!dut.s_arready_o) tick();
    tick();
    dut.s_arvalid_i = 0;
    while (!dut.s_rvalid_o) tick();
    *response = dut.s_rresp_o;
    const std::uint32_t value = dut.s_rdata_o;
    tick();
    return value;
  }
  std::uint32_t read(AxiRegister r) {
    unsigned response;
    return read(4 * static_cast<std::uint32_t>(r), &response);
  }
  std::uint64_t read64(AxiRegister r) {
    const std::uint64_t low = read(r);
    return low | std::uint64_t{read(static_cast<AxiRegister>(static_cast<std::uint32_t>(r) + 1))}
                     << 32;
  }

  void start(const AxiJob& job) {
    write(AxiRegister::kRowCount, job.rows);
    write(AxiRegister::kColCount, job.cols);
    write(AxiRegister::kTokenCount, job.tokens);
    write(AxiRegister::kCode, job.code);
    write64(AxiRegister::kXAddress, job.x_address);
    write64(AxiRegister::kWAddress, job.w_address);
    write64(AxiRegister::kYAddress, job.y_address);
    write(AxiRegister::kXStride, job.x_stride);
    write(AxiRegister::kYStride, job.y_stride);
    write(AxiRegister::kEnable, 1);
    write(AxiRegister::kDoorbell, 1);
  }

  // Waits for the interrupt, at most `limit` cycles; clears it and returns the status.
  AxiStatus finish(std::uint64_t limit) {
    const std::uint64_t end = cycles + limit;
    while (!dut.irq_o) {
      if (cycles >= end)
        throw std::runtime_error("no interrupt after " + std::to_string(limit) + " cycles");
      tick();
    }
    write(AxiRegister::kInterrupt, 1);
    return static_cast<AxiStatus>(read(AxiRegister::kStatus));
  }

 private:
  static VerilatedContext* power_up(VerilatedContext& context, unsigned seed) {
    context.randReset(2);
    context.randSeed(static_cast<int>(seed % 0x7ffffffe) + 1);  // 0 would mean a seed of its own
    return &context;
  }
};

}  // namespace tern::sim
