// SPDX-License-Identifier: Apache-2.0
//
// The interconnect: host and accelerator on one side, DRAM and the accelerator's registers on the
// other. Decodes addresses and adds no time of its own (the DRAM latency includes the way).

#pragma once

#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>

namespace tern::sim {

inline constexpr std::uint64_t kDramBase = 0;
inline constexpr std::uint64_t kRegistersBase = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kRegistersBytes = 4096;

class Bus final : public sc_core::sc_module {
 public:
  tlm_utils::multi_passthrough_target_socket<Bus> in{"in"};
  tlm_utils::simple_initiator_socket<Bus> dram{"dram"};
  tlm_utils::simple_initiator_socket<Bus> registers{"registers"};

  // `dram_bytes` <= kRegistersBase.
  Bus(const sc_core::sc_module_name& name, std::uint64_t dram_bytes);

 private:
  void b_transport(int from, tlm::tlm_generic_payload& txn, sc_core::sc_time& delay);
  unsigned transport_dbg(int from, tlm::tlm_generic_payload& txn);

  // The socket that owns the address, which becomes relative to it; null where there is none.
  tlm_utils::simple_initiator_socket<Bus>* route(tlm::tlm_generic_payload& txn);

  const std::uint64_t dram_bytes_;
};

}  // namespace tern::sim
