// SPDX-License-Identifier: Apache-2.0

#include "sim/dram.h"

#include <algorithm>
#include <cstring>

#include "kernels/check.h"

namespace tern::sim {

Dram::Dram(const sc_core::sc_module_name& name, const DramConfig& config)
    : sc_module(name), config_(config), cells_(config.bytes) {
  TERN_CHECK(config.burst_bytes != 0 && config.bytes % config.burst_bytes == 0,
             "burst_bytes divides bytes");
  port.register_b_transport(this, &Dram::b_transport);
  port.register_transport_dbg(this, &Dram::transport_dbg);
}

void Dram::b_transport(tlm::tlm_generic_payload& txn, sc_core::sc_time& delay) {
  txn.set_dmi_allowed(false);  // a direct pointer would escape time and counters
  const tlm::tlm_response_status bad = reject(txn);
  txn.set_response_status(bad == tlm::TLM_INCOMPLETE_RESPONSE ? tlm::TLM_OK_RESPONSE : bad);
  if (!txn.is_response_ok()) return;
  copy(txn);

  const std::uint64_t first = txn.get_address() / config_.burst_bytes;
  const std::uint64_t last = (txn.get_address() + txn.get_data_length() - 1) / config_.burst_bytes;
  const std::uint64_t bursts = last - first + 1;
  (txn.is_read() ? activity_.bursts_read : activity_.bursts_written) += bursts;

  const sc_core::sc_time now = sc_core::sc_time_stamp();
  const sc_core::sc_time begin = std::max(now + delay + config_.latency, channel_free_);
  channel_free_ = begin + static_cast<double>(bursts) * config_.burst_time;
  delay = channel_free_ - now;
}

unsigned Dram::transport_dbg(tlm::tlm_generic_payload& txn) {
  if (reject(txn) != tlm::TLM_INCOMPLETE_RESPONSE) return 0;
  copy(txn);
  return txn.get_data_length();
}

// TLM_INCOMPLETE_RESPONSE: nothing to object to.
tlm::tlm_response_status Dram::reject(const tlm::tlm_generic_payload& txn) const {
  const std::uint64_t at = txn.get_address(), size = txn.get_data_length();
  if (!txn.is_read() && !txn.is_write()) return tlm::TLM_COMMAND_ERROR_RESPONSE;
  if (txn.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if (size == 0 || txn.get_streaming_width() < size) return tlm::TLM_BURST_ERROR_RESPONSE;
  if (size > config_.bytes || at > config_.bytes - size) return tlm::TLM_ADDRESS_ERROR_RESPONSE;
  return tlm::TLM_INCOMPLETE_RESPONSE;
}

void Dram::place(std::uint64_t address, const std::vector<std::uint8_t>& bytes) {
  TERN_CHECK(address <= config_.bytes && bytes.size() <= config_.bytes - address, "it fits");
  std::copy(bytes.begin(), bytes.end(), cells_.begin() + static_cast<std::ptrdiff_t>(address));
}

void Dram::copy(tlm::tlm_generic_payload& txn) {
  unsigned char* cells = cells_.data() + txn.get_address();
  if (txn.is_read())
    std::memcpy(txn.get_data_ptr(), cells, txn.get_data_length());
  else
    std::memcpy(cells, txn.get_data_ptr(), txn.get_data_length());
}

}  // namespace tern::sim
