// SPDX-License-Identifier: Apache-2.0
//
// State space: one access; several at once; a later one on either side of the moment at which it
// would have to wait for the channel; accesses of several bursts and across a burst's edge; every
// reason an access is refused; debug access.
// Parameters: bursts of 16 bytes in 4 ns, latency 10 ns.

#include "sim/dram.h"

#include <tlm_utils/simple_initiator_socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "tests/sim/fresh_kernel.h"

namespace tern::sim {
namespace {

using sc_core::SC_NS;
using sc_core::SC_PS;
using sc_core::sc_time;

struct Bench : sc_core::sc_module {
  Dram dram{"dram", {256, 16, sc_time(4, SC_NS), sc_time(10, SC_NS)}};
  tlm_utils::simple_initiator_socket<Bench> out{"out"};
  tlm::tlm_generic_payload txn;
  std::array<unsigned char, 64> data{};

  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name) {
    // Nothing is ever scheduled here; that is no news.
    sc_core::sc_report_handler::set_actions(sc_core::SC_ID_NO_SC_START_ACTIVITY_,
                                            sc_core::SC_DO_NOTHING);
    out.bind(dram.port);
    txn.set_data_ptr(data.data());
  }
  void prepare(tlm::tlm_command command, std::uint64_t at, unsigned size) {
    txn.set_command(command);
    txn.set_address(at);
    txn.set_data_length(size);
    txn.set_streaming_width(size);
  }
  // Asked for at `at_time`; returns when it is complete.
  sc_time access(tlm::tlm_command command, std::uint64_t at, unsigned size, sc_time at_time) {
    prepare(command, at, size);
    out->b_transport(txn, at_time);
    return at_time;
  }
  sc_time read(sc_time at_time, unsigned size = 16, std::uint64_t at = 0) {
    return access(tlm::TLM_READ_COMMAND, at, size, at_time);
  }
};

TEST_CASE("dram overlaps latencies but not transfers", "[sim]") {
  const FreshKernel kernel;
  Bench b("bench");
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  CHECK(b.read(sc_time(0, SC_NS)) == sc_time(14, SC_NS));
  CHECK(b.read(sc_time(0, SC_NS)) == sc_time(18, SC_NS));
  CHECK(b.access(tlm::TLM_WRITE_COMMAND, 32, 16, sc_time(1, SC_NS)) == sc_time(22, SC_NS));
  CHECK(b.read(sc_time(12, SC_NS)) == sc_time(26, SC_NS));        // meets a free channel
  CHECK(b.read(sc_time(15, SC_NS)) == sc_time(30, SC_NS));        // waits 1 ns
  CHECK(b.read(sc_time(20001, SC_PS)) == sc_time(34001, SC_PS));  // leaves a gap of 1 ps
  CHECK(b.dram.activity().bursts_read == 5);
  CHECK(b.dram.activity().bursts_written == 1);
}

TEST_CASE("dram moves every burst that the bytes touch", "[sim]") {
  const FreshKernel kernel;
  Bench b("bench");
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  CHECK(b.read(sc_time(0, SC_NS), 1, 15) == sc_time(14, SC_NS));
  CHECK(b.read(sc_time(100, SC_NS), 2, 15) == sc_time(118, SC_NS));
  CHECK(b.read(sc_time(200, SC_NS), 64, 0) == sc_time(226, SC_NS));
  CHECK(b.dram.activity().bursts_read == 1 + 2 + 4);
}

TEST_CASE("dram returns what was written and debug access is free", "[sim]") {
  const FreshKernel kernel;
  Bench b("bench");
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  b.data = {1, 2, 3};
  b.access(tlm::TLM_WRITE_COMMAND, 253, 3, sc_time(0, SC_NS));
  b.data = {};
  b.prepare(tlm::TLM_READ_COMMAND, 252, 4);
  CHECK(b.out->transport_dbg(b.txn) == 4);
  CHECK(b.data[1] == 1);
  CHECK(b.data[3] == 3);
  b.prepare(tlm::TLM_READ_COMMAND, 253, 4);
  CHECK(b.out->transport_dbg(b.txn) == 0);
  CHECK(b.dram.activity().bursts_read == 0);
}

TEST_CASE("dram refuses a bad access in no time and does not count it", "[sim]") {
  const FreshKernel kernel;
  Bench b("bench");
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto refused = [&b](tlm::tlm_command command, std::uint64_t at, unsigned size) {
    CHECK(b.access(command, at, size, sc_time(3, SC_NS)) == sc_time(3, SC_NS));
    return b.txn.get_response_status();
  };
  CHECK(refused(tlm::TLM_IGNORE_COMMAND, 0, 4) == tlm::TLM_COMMAND_ERROR_RESPONSE);
  CHECK(refused(tlm::TLM_READ_COMMAND, 0, 0) == tlm::TLM_BURST_ERROR_RESPONSE);
  CHECK(refused(tlm::TLM_READ_COMMAND, 256, 1) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(refused(tlm::TLM_WRITE_COMMAND, 255, 2) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(refused(tlm::TLM_READ_COMMAND, ~std::uint64_t{0}, 2) == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  unsigned char enable = 0xff;
  b.txn.set_byte_enable_ptr(&enable);
  CHECK(refused(tlm::TLM_READ_COMMAND, 0, 4) == tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  b.txn.set_byte_enable_ptr(nullptr);
  CHECK(b.dram.activity().bursts_read + b.dram.activity().bursts_written == 0);
  CHECK(b.read(sc_time(0, SC_NS)) == sc_time(14, SC_NS));  // the channel is still free
}

}  // namespace
}  // namespace tern::sim
