// SPDX-License-Identifier: Apache-2.0
//
// The host: an initiator that programs the device over the bus and waits for its interrupt.
// It places and fetches operands by debug transport, which costs neither time nor energy: they
// stand for what other units of the machine leave in DRAM. The accelerator's own reads of them
// are timed and counted.

#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <initializer_list>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "sim/device.h"

namespace tern::sim {

struct RegisterValue {
  Register reg;
  std::uint32_t value;
};

class Host final : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Host> port{"port"};
  sc_core::sc_in<bool> irq{"irq"};

  explicit Host(const sc_core::sc_module_name& name);

  // One timed 4-byte access to the device's registers, `delay` past the present.
  tlm::tlm_response_status write(Register reg, std::uint32_t value, sc_core::sc_time& delay);
  tlm::tlm_response_status read(Register reg, std::uint32_t& value, sc_core::sc_time& delay);
  tlm::tlm_response_status access(tlm::tlm_command command, std::uint64_t address, void* data,
                                  unsigned bytes, sc_core::sc_time& delay);

  // Untimed. False when the bytes are not all in DRAM.
  bool peek(std::uint64_t address, void* data, unsigned bytes);
  bool poke(std::uint64_t address, const void* data, unsigned bytes);

  struct Result {
    Status status;
    std::uint64_t cycles;
  };
  // Programs the registers, rings the bell, runs the simulation until the interrupt has come. The
  // first call ends elaboration, as does the first peek or poke.
  // Called from outside the simulation.
  Result run(std::vector<RegisterValue> program, Doorbell bell);

  SC_HAS_PROCESS(Host);

 private:
  void work();  // process

  unsigned debug(tlm::tlm_command command, std::uint64_t address, void* data, unsigned bytes);

  std::vector<RegisterValue> program_;
  Doorbell bell_ = Doorbell::kMatrix;
  Result result_{};
  bool finished_ = false;
  sc_core::sc_event begin_;
};

}  // namespace tern::sim
