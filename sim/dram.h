// SPDX-License-Identifier: Apache-2.0
//
// DRAM as one channel with a bandwidth and a latency (TLM-2.0, loosely timed). An access moves the
// bursts its bytes touch. Its data begins `latency` after the request, or when the channel is
// free, whichever is later; latencies of successive requests overlap, transfers do not. Requests
// are served in the order of arrival. No banks, rows or refresh.

#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>
#include <vector>

namespace tern::sim {

struct DramConfig {
  std::uint64_t bytes;
  unsigned burst_bytes;  // divides `bytes`
  sc_core::sc_time burst_time;
  sc_core::sc_time latency;
};

struct DramActivity {
  std::uint64_t bursts_read = 0;
  std::uint64_t bursts_written = 0;
};

class Dram final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Dram> port{"port"};

  Dram(const sc_core::sc_module_name& name, const DramConfig& config);

  // Writes without a transaction, also before the simulation is elaborated: what lies in memory
  // when the machine is switched on. The bytes must fit.
  void place(std::uint64_t address, const std::vector<std::uint8_t>& bytes);

  const DramConfig& config() const { return config_; }
  const DramActivity& activity() const { return activity_; }
  void reset_activity() { activity_ = {}; }

 private:
  void b_transport(tlm::tlm_generic_payload& txn, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& txn);  // free: no time, no count

  tlm::tlm_response_status reject(const tlm::tlm_generic_payload& txn) const;
  void copy(tlm::tlm_generic_payload& txn);

  const DramConfig config_;
  std::vector<unsigned char> cells_;
  sc_core::sc_time channel_free_;
  DramActivity activity_;
};

}  // namespace tern::sim
