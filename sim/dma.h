// SPDX-License-Identifier: Apache-2.0
//
// The accelerator's data mover, shared by both engines: it streams a job's activations and then
// its weights in, as bursts into a FIFO, and packs result words into bursts out. All times are
// engine cycles since the doorbell.
//
// Reads: one burst is asked for per cycle, in order; each owns one of `outstanding` FIFO slots
// from the request until its last beat has been popped; its beats come all at once, when the
// burst is complete. Writes are posted: results are never held up. (A machine's memory carries at
// least twice what the result port emits, so the posted writes stay few.) Requests reach memory in
// order of time, writes first among equals.
//
// An engine that lives cycle by cycle calls advance() and asks head_valid(). One that jumps from
// event to event asks head_ready(). Both report what they pop and push, when, in order of time;
// then both see the same times.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "sim/machine.h"

namespace tern::sim {

struct Transfer {
  bool write;
  std::uint64_t address;
  std::span<std::uint8_t> data;
  std::uint64_t cycle;  // of the request
};

struct Completion {
  bool ok;
  std::uint64_t cycle;  // the first in which the data is there
};

class Dma {
 public:
  using Access = std::function<Completion(const Transfer&)>;

  Dma(const Geometry& geometry, unsigned slots, Access access);

  // Begins a job; requests leave from cycle 1 on. Addresses are burst-aligned.
  void start(const Job& job, std::uint64_t x_address, std::uint64_t w_address,
             std::uint64_t y_address);

  // Issues all requests due up to `cycle`.
  void advance(std::uint64_t cycle);

  // The oldest beat not yet popped. There must be one.
  bool head_valid(std::uint64_t cycle) const;
  std::uint64_t head_ready();  // the cycle from which it is valid
  bool head_is_weight() const { return head_burst_ >= x_bursts_; }
  const std::uint8_t* head() const;
  void pop(std::uint64_t cycle);

  void push(std::uint32_t word, std::uint64_t cycle);

  // After the last pop and push: the cycle in which the last write is complete.
  std::uint64_t finish();

  bool failed() const { return failed_; }  // some access was refused; its data reads as zero

 private:
  struct Slot {
    std::vector<std::uint8_t> data;
    std::uint64_t ready = 0;  // cycle
    std::uint64_t freed = 0;  // cycle in which its last beat was popped
  };
  struct Write {
    std::uint64_t cycle;
    std::uint64_t address;
    std::vector<std::uint8_t> data;
  };

  std::uint64_t bursts() const { return x_bursts_ + w_bursts_; }
  bool can_issue() const;
  std::uint64_t issue_cycle() const;
  void issue();
  void close_write(std::uint64_t cycle);
  void flush_writes(std::uint64_t up_to_cycle);
  Slot& slot(std::uint64_t burst) { return slots_[burst % slots_.size()]; }
  const Slot& slot(std::uint64_t burst) const { return slots_[burst % slots_.size()]; }

  const Geometry geometry_;
  const Access access_;
  std::vector<Slot> slots_;

  std::uint64_t x_address_ = 0, w_address_ = 0, y_address_ = 0;
  std::uint64_t x_bytes_ = 0, w_bytes_ = 0;
  std::uint64_t x_bursts_ = 0, w_bursts_ = 0;
  std::uint64_t next_burst_ = 0;  // to be asked for
  std::uint64_t last_issue_ = 0;  // cycle
  std::uint64_t head_burst_ = 0;
  std::uint64_t head_byte_ = 0;      // within the head burst
  std::vector<std::uint8_t> words_;  // of the write burst that fills
  std::deque<Write> writes_;         // closed, in order of time
  std::uint64_t last_push_ = 0, last_write_done_ = 0;
  bool failed_ = false;
};

}  // namespace tern::sim
