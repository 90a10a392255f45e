// SPDX-License-Identifier: Apache-2.0

#include "sim/bus.h"

#include "kernels/check.h"

namespace tern::sim {

Bus::Bus(const sc_core::sc_module_name& name, std::uint64_t dram_bytes)
    : sc_module(name), dram_bytes_(dram_bytes) {
  TERN_CHECK(dram_bytes <= kRegistersBase, "DRAM ends below the registers");
  in.register_b_transport(this, &Bus::b_transport);
  in.register_transport_dbg(this, &Bus::transport_dbg);
}

tlm_utils::simple_initiator_socket<Bus>* Bus::route(tlm::tlm_generic_payload& txn) {
  const std::uint64_t at = txn.get_address();
  if (at < kDramBase + dram_bytes_) return &dram;
  if (at < kRegistersBase || at >= kRegistersBase + kRegistersBytes) return nullptr;
  txn.set_address(at - kRegistersBase);
  return &registers;
}

void Bus::b_transport(int, tlm::tlm_generic_payload& txn, sc_core::sc_time& delay) {
  const std::uint64_t at = txn.get_address();
  if (auto* to = route(txn))
    (*to)->b_transport(txn, delay);
  else
    txn.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  txn.set_address(at);
}

unsigned Bus::transport_dbg(int, tlm::tlm_generic_payload& txn) {
  const std::uint64_t at = txn.get_address();
  auto* to = route(txn);
  const unsigned done = to != nullptr ? (*to)->transport_dbg(txn) : 0;
  txn.set_address(at);
  return done;
}

}  // namespace tern::sim
