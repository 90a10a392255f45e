// SPDX-License-Identifier: Apache-2.0

#include "sim/device.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tern::sim {

const char* status_name(Status status) {
  switch (status) {
    case Status::kIdle:
      return "idle";
    case Status::kBusy:
      return "busy";
    case Status::kDone:
      return "done";
    case Status::kBadShape:
      return "shape out of range";
    case Status::kBadAddress:
      return "address not burst-aligned";
    case Status::kBusError:
      return "memory access refused";
    case Status::kBadData:
      return "an illegal code among the weights";
  }
  return "unknown";
}

Device::Device(const sc_core::sc_module_name& name, const MachineConfig& config,
               std::unique_ptr<Engine> engine)
    : sc_module(name),
      config_(config),
      geometry_(config),
      engine_(std::move(engine)),
      dma_(geometry_, config.outstanding, [this](const Transfer& t) { return transfer(t); }),
      scratch_(config.burst_bytes) {
  registers.register_b_transport(this, &Device::b_transport);
  SC_THREAD(serve);
  SC_METHOD(drive_irq);
  sensitive << irq_changed_;
}

void Device::reset_activity() {
  engine_counts_ = {};
  vector_counts_ = {};
  cycles_ = 0;
}

std::uint64_t Device::reg64(Register r) const {
  const std::size_t at = static_cast<std::uint32_t>(r) / 4;
  return file_[at] | std::uint64_t{file_[at + 1]} << 32;
}

void Device::b_transport(tlm::tlm_generic_payload& txn, sc_core::sc_time& delay) {
  txn.set_dmi_allowed(false);
  txn.set_response_status(access(txn));
  delay += cycles_to_time(1);
}

tlm::tlm_response_status Device::access(tlm::tlm_generic_payload& txn) {
  if (!txn.is_read() && !txn.is_write()) return tlm::TLM_COMMAND_ERROR_RESPONSE;
  if (txn.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  if (txn.get_data_length() != 4 || txn.get_streaming_width() < 4 || txn.get_address() % 4 != 0)
    return tlm::TLM_BURST_ERROR_RESPONSE;
  if (txn.get_address() >= kRegisterFileBytes) return tlm::TLM_ADDRESS_ERROR_RESPONSE;

  const auto at = static_cast<std::uint32_t>(txn.get_address());
  const bool doorbell = at == static_cast<std::uint32_t>(Register::kDoorbell);
  if (txn.is_read()) {
    if (doorbell) return tlm::TLM_COMMAND_ERROR_RESPONSE;
    std::memcpy(txn.get_data_ptr(), &file_[at / 4], 4);
    if (at == static_cast<std::uint32_t>(Register::kStatus)) set_irq(false);
    return tlm::TLM_OK_RESPONSE;
  }
  if (at < static_cast<std::uint32_t>(Register::kRows) && !doorbell)
    return tlm::TLM_COMMAND_ERROR_RESPONSE;  // status and cycles are read only
  std::uint32_t value;
  std::memcpy(&value, txn.get_data_ptr(), 4);
  if (doorbell) return ring(value);
  file_[at / 4] = value;
  return tlm::TLM_OK_RESPONSE;
}

tlm::tlm_response_status Device::ring(std::uint32_t bell) {
  if (reg(Register::kStatus) == static_cast<std::uint32_t>(Status::kBusy))
    return tlm::TLM_GENERIC_ERROR_RESPONSE;
  if (bell != static_cast<std::uint32_t>(Doorbell::kMatrix) &&
      bell != static_cast<std::uint32_t>(Doorbell::kVector))
    return tlm::TLM_GENERIC_ERROR_RESPONSE;
  reg(Register::kDoorbell) = bell;
  set_status(Status::kBusy);
  rung_.notify();
  return tlm::TLM_OK_RESPONSE;
}

void Device::set_irq(bool level) {
  irq_level_ = level;
  irq_changed_.notify(sc_core::SC_ZERO_TIME);
}

void Device::drive_irq() { irq = irq_level_; }

void Device::serve() {
  for (;;) {
    wait(rung_);
    set_irq(false);
    const bool vector = reg(Register::kDoorbell) == static_cast<std::uint32_t>(Doorbell::kVector);
    const Outcome outcome = vector ? run_vector() : run_matrix();
    wait(cycles_to_time(outcome.cycles));
    cycles_ += outcome.cycles;
    constexpr std::size_t at = static_cast<std::uint32_t>(Register::kCycles) / 4;
    file_[at] = static_cast<std::uint32_t>(outcome.cycles);
    file_[at + 1] = static_cast<std::uint32_t>(outcome.cycles >> 32);
    set_status(outcome.status);
    set_irq(true);
  }
}

Device::Outcome Device::run_matrix() {
  const Job job{reg(Register::kRows), reg(Register::kCols), reg(Register::kTokens)};
  if (!geometry_.fits(job)) return {Status::kBadShape, 1};
  const std::uint32_t x = reg(Register::kXAddress);
  const std::uint32_t w = reg(Register::kWAddress);
  const std::uint32_t y = reg(Register::kYAddress);
  for (const std::uint32_t address : {x, w, y})
    if (address % config_.burst_bytes != 0) return {Status::kBadAddress, 1};

  dma_.start(job, x, w, y);
  const bool good = engine_->run(job, dma_, engine_counts_);
  const std::uint64_t cycles = dma_.finish();
  return {dma_.failed() ? Status::kBusError : good ? Status::kDone : Status::kBadData, cycles};
}

Device::Outcome Device::run_vector() {
  const std::uint64_t reads = reg64(Register::kReadBytes), writes = reg64(Register::kWriteBytes);
  const std::uint64_t macs = reg64(Register::kFp16Macs), ops = reg64(Register::kFp32Ops);
  if (std::max(reads, writes) > kMaxVectorBytes || std::max(macs, ops) > kMaxVectorOps)
    return {Status::kBadShape, 1};

  const std::uint64_t burst = config_.burst_bytes, slots = config_.outstanding;
  const std::uint64_t dram_bursts = config_.dram_bytes / burst;
  std::vector<std::uint64_t> done(slots, 0);  // of the last reads, by burst modulo slots
  std::uint64_t issue = 0, end = 1;
  bool ok = true;
  for (std::uint64_t n = 0; n * burst < reads; ++n) {
    issue = std::max(issue, done[n % slots]) + 1;
    const Completion c = transfer({false, n % dram_bursts * burst, scratch_, issue});
    ok &= c.ok;
    end = std::max(end, done[n % slots] = c.cycle);
  }
  for (std::uint64_t n = 0; n * burst < writes; ++n) {
    const Completion c = transfer({true, (dram_bursts - 1) * burst, scratch_, ++issue});
    ok &= c.ok;
    end = std::max(end, c.cycle);
  }
  const std::uint64_t per_cycle =
      std::max(1u, geometry_.rows * geometry_.lanes / kLanesPerVectorOp);
  vector_counts_.fp16_macs += macs;
  vector_counts_.fp32_ops += ops;
  return {ok ? Status::kDone : Status::kBusError,
          std::max(end, 1 + (macs + ops + per_cycle - 1) / per_cycle)};
}

Completion Device::transfer(const Transfer& t) {
  txn_.set_command(t.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  txn_.set_address(t.address);
  txn_.set_data_ptr(t.data.data());
  txn_.set_data_length(static_cast<unsigned>(t.data.size()));
  txn_.set_streaming_width(static_cast<unsigned>(t.data.size()));
  txn_.set_byte_enable_ptr(nullptr);
  txn_.set_dmi_allowed(false);
  txn_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = cycles_to_time(t.cycle);
  dma_port->b_transport(txn_, delay);
  const sc_core::sc_time period = cycles_to_time(1);
  return {txn_.is_response_ok(), (delay.value() + period.value() - 1) / period.value()};
}

sc_core::sc_time Device::cycles_to_time(std::uint64_t cycles) const {
  return sc_core::sc_time::from_value(cycles * geometry_.period_ps);
}

}  // namespace tern::sim
