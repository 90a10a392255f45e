// SPDX-License-Identifier: Apache-2.0
//
// What follows from a MachineConfig: widths of words, bytes of a job, times in whole picoseconds.

#pragma once

#include <cstdint>

#include "sim/accelerator.h"

namespace tern::sim {

// A matrix job as the engine sees it, in whole tiles.
struct Job {
  std::uint32_t row_groups;  // of R rows
  std::uint32_t steps;       // of N columns
  std::uint32_t tokens;
};

struct Geometry {
  // Throws std::runtime_error naming machine, field, value and what is allowed.
  explicit Geometry(const MachineConfig& config);

  Format format;
  unsigned rows, lanes, max_tokens, max_steps;
  unsigned beat_bytes, burst_bytes;
  unsigned act_bytes;     // of one activation
  unsigned weight_bits;   // of one weight
  unsigned x_word_bytes;  // activations of one step
  unsigned w_word_bytes;  // weights of one step
  std::uint64_t period_ps, burst_ps, latency_ps;

  bool fits(const Job& job) const;
  std::uint64_t x_bytes(const Job& job) const;  // to the end of the last beat
  std::uint64_t w_bytes(const Job& job) const;
  std::uint64_t y_words(const Job& job) const;
};

}  // namespace tern::sim
