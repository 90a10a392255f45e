// SPDX-License-Identifier: Apache-2.0
//
// When things happen in the engine, as recurrences over beats, steps and row groups. No values,
// no state machine: each call computes the cycle of the next event from the ones before it.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sim/machine.h"

namespace tern::sim {

class EngineTiming {
 public:
  EngineTiming(const Geometry& geometry, const Job& job)
      : tokens_(job.tokens),
        step_cycles_(std::max<std::uint64_t>(job.tokens, geometry.acc_latency)),
        fire_to_accumulator_(1 + geometry.dot_latency + geometry.acc_latency) {}

  // A beat that is there from `ready` on leaves at once: one of activations, or of weights that do
  // not complete a step.
  std::uint64_t pop(std::uint64_t ready) { return last_pop_ = std::max(ready, last_pop_ + 1); }

  // The beat that completes a step leaves when the step meets its first token: when the step
  // before has met all of its tokens and its sums are in, and for the first step of a row group
  // when the bank that the group sums into has been read out. The other tokens follow, one per
  // cycle.
  std::uint64_t fire(std::uint64_t ready, bool first_step) {
    const std::uint64_t bank_free = first_step ? bank_free_[bank_] : 0;
    last_pop_ = std::max({ready, last_pop_ + 1, step_done_, bank_free});
    step_done_ = last_pop_ + step_cycles_;
    last_fire_ = last_pop_ + tokens_ - 1;
    return last_pop_;
  }

  // The row group that fired last, of `rows` rows, is complete. Its words are read one per cycle,
  // once the last fire has gone through the dot-product and accumulator stages and the group before
  // has left. Returns the cycle in which the first word leaves the engine; the others follow one
  // per cycle.
  std::uint64_t drain(std::uint64_t rows) {
    const std::uint64_t begin = std::max(last_fire_ + fire_to_accumulator_, drained_);
    drained_ = begin + rows * tokens_;
    bank_free_[bank_] = drained_;
    bank_ ^= 1;
    constexpr std::uint64_t kReadToPort = 2;
    return begin + kReadToPort;
  }

 private:
  const std::uint64_t tokens_;
  const std::uint64_t step_cycles_;
  const std::uint64_t fire_to_accumulator_;
  std::uint64_t last_pop_ = 0;   // cycle of the last beat's leaving; the job itself takes cycle 0
  std::uint64_t step_done_ = 0;  // first cycle in which the next step may fire
  std::uint64_t last_fire_ = 0;
  std::uint64_t drained_ = 0;  // first cycle in which the next group may be read
  std::array<std::uint64_t, 2> bank_free_ = {0, 0};
  unsigned bank_ = 0;
};

}  // namespace tern::sim
