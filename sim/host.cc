// SPDX-License-Identifier: Apache-2.0

#include "sim/host.h"

#include <utility>

#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

#include "kernels/check.h"
#include "sim/bus.h"

namespace tern::sim {
namespace {

// SystemC 2.3.4 tells AddressSanitizer of its coroutines, but leaves it with null bounds for the
// stack it returns to; the next exception there is then reported as a stack error that is none
// (google/sanitizers issue 189). This states the bounds anew.
void restore_sanitizer_stack() {
#ifdef __SANITIZE_ADDRESS__
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* bottom = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &bottom, &size);
  pthread_attr_destroy(&attributes);
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, bottom, size);
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

// Sockets are bound, and processes wait for their events, only once the simulation has begun.
void elaborate() {
  if (sc_core::sc_start_of_simulation_invoked()) return;
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  restore_sanitizer_stack();
}

}  // namespace

Host::Host(const sc_core::sc_module_name& name) : sc_module(name) { SC_THREAD(work); }

tlm::tlm_response_status Host::access(tlm::tlm_command command, std::uint64_t address, void* data,
                                      unsigned bytes, sc_core::sc_time& delay) {
  tlm::tlm_generic_payload txn;
  txn.set_command(command);
  txn.set_address(address);
  txn.set_data_ptr(static_cast<unsigned char*>(data));
  txn.set_data_length(bytes);
  txn.set_streaming_width(bytes);
  port->b_transport(txn, delay);
  return txn.get_response_status();
}

tlm::tlm_response_status Host::write(Register reg, std::uint32_t value, sc_core::sc_time& delay) {
  return access(tlm::TLM_WRITE_COMMAND, kRegistersBase + static_cast<std::uint32_t>(reg), &value,
                sizeof value, delay);
}

tlm::tlm_response_status Host::read(Register reg, std::uint32_t& value, sc_core::sc_time& delay) {
  return access(tlm::TLM_READ_COMMAND, kRegistersBase + static_cast<std::uint32_t>(reg), &value,
                sizeof value, delay);
}

unsigned Host::debug(tlm::tlm_command command, std::uint64_t address, void* data, unsigned bytes) {
  elaborate();
  tlm::tlm_generic_payload txn;
  txn.set_command(command);
  txn.set_address(address);
  txn.set_data_ptr(static_cast<unsigned char*>(data));
  txn.set_data_length(bytes);
  txn.set_streaming_width(bytes);
  return port->transport_dbg(txn);
}

bool Host::peek(std::uint64_t address, void* data, unsigned bytes) {
  return debug(tlm::TLM_READ_COMMAND, address, data, bytes) == bytes;
}

bool Host::poke(std::uint64_t address, const void* data, unsigned bytes) {
  return debug(tlm::TLM_WRITE_COMMAND, address, const_cast<void*>(data), bytes) == bytes;
}

Host::Result Host::run(std::vector<RegisterValue> program, Doorbell bell) {
  elaborate();
  program_ = std::move(program);
  bell_ = bell;
  finished_ = false;
  begin_.notify(sc_core::SC_ZERO_TIME);
  sc_core::sc_start();  // until nothing is left to do
  restore_sanitizer_stack();
  TERN_CHECK(finished_, "the device raised its interrupt");
  return result_;
}

void Host::work() {
  for (;;) {
    wait(begin_);
    sc_core::sc_time delay;
    for (const RegisterValue& one : program_)
      TERN_CHECK(write(one.reg, one.value, delay) == tlm::TLM_OK_RESPONSE, "register is writable");
    wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    TERN_CHECK(write(Register::kDoorbell, static_cast<std::uint32_t>(bell_), delay) ==
                   tlm::TLM_OK_RESPONSE,
               "the device is free");
    wait(irq.posedge_event());

    std::uint32_t status = 0, low = 0, high = 0;
    const auto upper = static_cast<Register>(static_cast<std::uint32_t>(Register::kCycles) + 4);
    read(Register::kStatus, status, delay);
    read(Register::kCycles, low, delay);
    read(upper, high, delay);
    wait(delay);
    result_ = {static_cast<Status>(status), low | std::uint64_t{high} << 32};
    finished_ = true;
  }
}

}  // namespace tern::sim
