// SPDX-License-Identifier: Apache-2.0
//
// State space: every register read and written; every kind of refused access; the doorbell rung
// idle, busy and with nonsense; jobs of zero, oversize and misaligned fields, of addresses outside
// DRAM, of illegal weights; a good job after each. Both levels, both formats.
// Parameters: the small machine.

#include "sim/device.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/tiles/trit5.h"
#include "sim/platform.h"
#include "tests/sim/fresh_kernel.h"

namespace tern::sim {
namespace {

constexpr std::uint32_t kX = 0, kW = 0x1000, kY = 0x2000;

// In row groups of 20 and steps of 16.
std::vector<RegisterValue> job(std::uint32_t groups, std::uint32_t steps, std::uint32_t tokens,
                               std::uint32_t x = kX, std::uint32_t w = kW, std::uint32_t y = kY) {
  return {{Register::kRows, 20 * groups}, {Register::kCols, 16 * steps},
          {Register::kTokens, tokens},    {Register::kXAddress, x},
          {Register::kWAddress, w},       {Register::kYAddress, y}};
}

// Zeros in the five-trit code, as planes of 16 lanes, from kW on: a weight of memory's own zeros is
// illegal.
void place_zeros(Platform& p) {
  const unsigned zero = kernels::kTrit5Encode[kernels::trit5_index({})];
  std::vector<std::uint8_t> units(4096);
  for (std::size_t i = 0; i < units.size(); ++i) units[i] = zero >> (i % 16 / 2) & 1 ? 0xff : 0;
  REQUIRE(p.host.poke(kW, units.data(), static_cast<unsigned>(units.size())));
}

Host::Result run(Platform& p, const std::vector<RegisterValue>& program) {
  return p.host.run(program, Doorbell::kMatrix);
}

// All levels and formats, elaborated together.
struct Machines {
  const FreshKernel kernel;
  std::vector<std::unique_ptr<Platform>> all;
  Machines() {
    int n = 0;
    for (const Format format : {Format::kTernary, Format::kFp16})
      for (const Level level : {Level::kCycle, Level::kRtl})
        all.push_back(std::make_unique<Platform>(("platform" + std::to_string(n++)).c_str(),
                                                 machine("small", format), level));
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (const auto& one : all)
      if (one->device.config().format == Format::kTernary) place_zeros(*one);
  }
};

TEST_CASE("a bad job ends with its status and the next one runs", "[sim]") {
  Machines machines;
  std::vector<std::uint64_t> bus_error_cycles;
  for (const auto& p : machines.all) {
    CHECK(run(*p, job(0, 1, 1)).status == Status::kBadShape);
    CHECK(run(*p, job(1, 0, 1)).status == Status::kBadShape);
    CHECK(run(*p, job(1, 1, 0)).status == Status::kBadShape);
    CHECK(run(*p, job(838861, 1, 1)).status == Status::kBadShape);
    CHECK(run(*p, job(1, 17, 1)).status == Status::kBadShape);  // 272 columns
    CHECK(run(*p, job(1, 1, 5)).status == Status::kBadShape);
    CHECK(run(*p, job(1, 1, 1, kX + 8)).status == Status::kBadAddress);
    CHECK(run(*p, job(1, 1, 1, kX, kW + 1)).status == Status::kBadAddress);
    CHECK(run(*p, job(1, 1, 1, kX, kW, kY + 32)).status == Status::kBadAddress);
    CHECK(p->counts().engine == EngineCounts{});
    CHECK(p->counts().dram_read_bytes == 0);

    const std::uint32_t end = 4u << 20;
    CHECK(run(*p, job(2, 2, 1, end)).status == Status::kBusError);
    CHECK(run(*p, job(2, 2, 1, kX, 0x7fffffc0u)).status == Status::kBusError);  // into registers
    CHECK(run(*p, job(2, 2, 1, kX, kW, 0xffffffc0u)).status == Status::kBusError);
    CHECK(run(*p, job(64, 16, 2, kX, end - 64)).status == Status::kBusError);
    CHECK(run(*p, job(64, 1, 2, kX, kW, end - 64)).status == Status::kBusError);

    CHECK(run(*p, job(1, 16, 2)).status == Status::kDone);
  }
  CHECK(machines.all[0]->device.cycles() == machines.all[1]->device.cycles());
  CHECK(machines.all[2]->device.cycles() == machines.all[3]->device.cycles());
}

TEST_CASE("an illegal code of a weight voids a job on both levels", "[sim]") {
  Machines machines;
  for (const auto& p : machines.all) {
    const bool fp16 = p->device.config().format == Format::kFp16;
    std::uint8_t kept[16], nothing[16] = {};  // a byte of zeros codes nothing
    REQUIRE(p->host.peek(kW + 48, kept, 16));
    REQUIRE(p->host.poke(kW + 48, nothing, 16));
    CHECK(run(*p, job(1, 1, 1)).status == (fp16 ? Status::kDone : Status::kBadData));
    REQUIRE(p->host.poke(kW + 48, kept, 16));
    CHECK(run(*p, job(1, 1, 1)).status == Status::kDone);
  }
}

TEST_CASE("the register file holds what was written and refuses the rest", "[sim]") {
  const FreshKernel kernel;
  Platform p("platform", machine("small", Format::kTernary), Level::kCycle);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  sc_core::sc_time delay;
  std::uint32_t value = 0;
  for (std::uint32_t at = 0x10; at < kRegisterFileBytes; at += 4) {
    REQUIRE(p.host.write(static_cast<Register>(at), 0x1000 + at, delay) == tlm::TLM_OK_RESPONSE);
    REQUIRE(p.host.read(static_cast<Register>(at), value, delay) == tlm::TLM_OK_RESPONSE);
    CHECK(value == 0x1000 + at);
  }
  CHECK(delay == sc_core::sc_time(2 * 14 * 2, sc_core::SC_NS));  // one cycle of 2 ns each
  const auto access = [&](tlm::tlm_command command, std::uint64_t offset, unsigned bytes) {
    std::uint64_t data = 0;
    return p.host.access(command, kRegistersBase + offset, &data, bytes, delay);
  };
  using tlm::TLM_READ_COMMAND, tlm::TLM_WRITE_COMMAND;
  CHECK(access(TLM_WRITE_COMMAND, 0x00, 4) == tlm::TLM_COMMAND_ERROR_RESPONSE);  // status
  CHECK(access(TLM_WRITE_COMMAND, 0x08, 4) == tlm::TLM_COMMAND_ERROR_RESPONSE);  // cycles
  CHECK(access(TLM_READ_COMMAND, 0x04, 4) == tlm::TLM_COMMAND_ERROR_RESPONSE);   // doorbell
  CHECK(access(tlm::TLM_IGNORE_COMMAND, 0x10, 4) == tlm::TLM_COMMAND_ERROR_RESPONSE);
  CHECK(access(TLM_READ_COMMAND, 0x10, 8) == tlm::TLM_BURST_ERROR_RESPONSE);
  CHECK(access(TLM_READ_COMMAND, 0x12, 4) == tlm::TLM_BURST_ERROR_RESPONSE);
  CHECK(access(TLM_READ_COMMAND, kRegisterFileBytes, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(access(TLM_READ_COMMAND, kRegistersBytes, 4) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(p.host.access(TLM_READ_COMMAND, 4u << 20, &value, 4, delay) ==
        tlm::TLM_ADDRESS_ERROR_RESPONSE);  // between DRAM and registers
}

TEST_CASE("the doorbell is refused while busy and the interrupt falls when the status is read",
          "[sim]") {
  const FreshKernel kernel;
  Platform p("platform", machine("small", Format::kTernary), Level::kCycle);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  sc_core::sc_time delay;
  std::uint32_t status = 99;
  CHECK(p.host.write(Register::kDoorbell, 7, delay) == tlm::TLM_GENERIC_ERROR_RESPONSE);
  place_zeros(p);
  for (const RegisterValue& one : job(1, 1, 1)) p.host.write(one.reg, one.value, delay);
  CHECK(p.host.write(Register::kDoorbell, 1, delay) == tlm::TLM_OK_RESPONSE);
  CHECK(p.host.write(Register::kDoorbell, 1, delay) == tlm::TLM_GENERIC_ERROR_RESPONSE);
  p.host.read(Register::kStatus, status, delay);
  CHECK(status == static_cast<std::uint32_t>(Status::kBusy));
  // The first of 20 words leaves in 49, as accelerator_test counts it by hand, the last in 68:
  // bursts of 16 and 4 are written from 65 and 69 on, the second complete in 100. Not yet, and
  // then.
  sc_core::sc_start(sc_core::sc_time(2 * 100 - 1, sc_core::SC_NS));
  CHECK_FALSE(p.irq.read());
  sc_core::sc_start(sc_core::sc_time(2, sc_core::SC_NS));
  CHECK(p.irq.read());
  p.host.read(Register::kStatus, status, delay);
  CHECK(status == static_cast<std::uint32_t>(Status::kDone));
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_NS));
  CHECK_FALSE(p.irq.read());
}

}  // namespace
}  // namespace tern::sim
