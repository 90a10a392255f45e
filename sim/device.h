// SPDX-License-Identifier: Apache-2.0
//
// The accelerator as a TLM target: a register file, a DMA initiator, an interrupt, and behind them
// one engine of either kind. A job runs in the device's own time (one wake-up, cycles counted from
// the doorbell, memory accessed with annotated delays); then the device waits that long and raises
// the interrupt.

#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

#include "sim/activity.h"
#include "sim/dma.h"
#include "sim/engine.h"
#include "sim/machine.h"

namespace tern::sim {

// 32-bit registers by byte offset. 64-bit values take two, low word first.
enum class Register : std::uint32_t {
  kStatus = 0x00,    // read only: a Status
  kDoorbell = 0x04,  // write only: a Doorbell; refused while busy
  kCycles = 0x08,    // read only, 64 bits: of the last job
  kRows = 0x10,
  kCols = 0x14,
  kTokens = 0x18,
  kXAddress = 0x1c,   // activations [tokens, steps * N]
  kWAddress = 0x20,   // weights in tile order (kernels/tiles/tiles.h)
  kYAddress = 0x24,   // results [row groups, tokens, rows of the group]
  kReadBytes = 0x28,  // 64 bits, as all below: vector work
  kWriteBytes = 0x30,
  kFp16Macs = 0x38,
  kFp32Ops = 0x40,
};
inline constexpr std::uint32_t kRegisterFileBytes = 0x48;

enum class Doorbell : std::uint32_t { kMatrix = 1, kVector = 2 };

// Vector work beyond these is refused. Its writes go to the last burst of DRAM, its reads are
// spread over all of it: what it moves is timed and counted, not meant.
inline constexpr std::uint64_t kMaxVectorBytes = std::uint64_t{1} << 32;
inline constexpr std::uint64_t kMaxVectorOps = std::uint64_t{1} << 48;
// The vector unit does one FP16 multiply-accumulate or FP32 operation per cycle for every so many
// lanes of the engine (assumed; the same for both formats).
inline constexpr unsigned kLanesPerVectorOp = 8;

enum class Status : std::uint32_t {
  kIdle = 0,
  kBusy = 1,
  kDone = 2,
  kBadShape = 3,    // a count is zero or beyond the machine: nothing was done
  kBadAddress = 4,  // an address is not burst-aligned: nothing was done
  kBusError = 5,    // memory refused an access: results are void
  kBadData = 6,     // an illegal code of a weight: results are void
};
const char* status_name(Status status);

class Device final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Device> registers{"registers"};
  tlm_utils::simple_initiator_socket<Device> dma_port{"dma_port"};
  sc_core::sc_out<bool> irq{"irq"};  // high from the end of a job until the status is read

  Device(const sc_core::sc_module_name& name, const MachineConfig& config,
         std::unique_ptr<Engine> engine);

  const MachineConfig& config() const { return config_; }
  const EngineCounts& engine_counts() const { return engine_counts_; }
  const VectorCounts& vector_counts() const { return vector_counts_; }
  std::uint64_t cycles() const { return cycles_; }
  void reset_activity();

  SC_HAS_PROCESS(Device);

 private:
  void b_transport(tlm::tlm_generic_payload& txn, sc_core::sc_time& delay);
  tlm::tlm_response_status access(tlm::tlm_generic_payload& txn);
  tlm::tlm_response_status ring(std::uint32_t bell);
  void serve();      // process
  void drive_irq();  // process
  void set_irq(bool level);

  struct Outcome {
    Status status;
    std::uint64_t cycles;
  };
  Outcome run_matrix();
  Outcome run_vector();
  Completion transfer(const Transfer& transfer);
  sc_core::sc_time cycles_to_time(std::uint64_t cycles) const;

  std::uint32_t& reg(Register r) { return file_[static_cast<std::uint32_t>(r) / 4]; }
  std::uint64_t reg64(Register r) const;
  void set_status(Status s) { reg(Register::kStatus) = static_cast<std::uint32_t>(s); }

  const MachineConfig config_;
  const Geometry geometry_;
  const std::unique_ptr<Engine> engine_;
  Dma dma_;
  tlm::tlm_generic_payload txn_;
  std::vector<std::uint8_t> scratch_;  // vector work's data
  std::array<std::uint32_t, kRegisterFileBytes / 4> file_{};
  sc_core::sc_event rung_, irq_changed_;
  bool irq_level_ = false;

  EngineCounts engine_counts_;
  VectorCounts vector_counts_;
  std::uint64_t cycles_ = 0;  // sum over jobs
};

}  // namespace tern::sim
