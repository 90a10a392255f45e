// SPDX-License-Identifier: Apache-2.0
//
// What follows from a MachineConfig: widths of words, bytes of a job, times in whole picoseconds.

#pragma once

#include <cstdint>

#include "kernels/tiles/tiles.h"
#include "sim/accelerator.h"

namespace tern::sim {

// A matrix job as the engine sees it.
struct Job {
  std::uint32_t rows, cols, tokens;
};

inline constexpr std::uint32_t kMaxRows = (1u << 24) - 1;

struct Geometry {
  // Throws std::runtime_error naming machine, field, value and what is allowed.
  explicit Geometry(const MachineConfig& config);

  Format format;
  unsigned rows, lanes, max_tokens, max_cols;
  unsigned beat_bytes, burst_bytes;
  unsigned unit_bytes;                // what a stream counts in: N bytes
  unsigned act_bytes;                 // of one activation
  const kernels::TileCode* code;      // of the weights
  unsigned x_word_bytes;              // activations of one step
  unsigned w_word_bytes;              // weights of one step
  unsigned dot_latency, acc_latency;  // cycles; rtl/tern_pkg.sv
  std::uint64_t period_ps, burst_ps, latency_ps;

  bool fits(const Job& job) const;
  kernels::TileShape tile() const { return {rows, lanes}; }
  std::uint64_t row_groups(const Job& job) const { return (job.rows + rows - 1) / rows; }
  std::uint64_t steps(const Job& job) const { return (job.cols + lanes - 1) / lanes; }
  std::uint64_t x_bytes(const Job& job) const;
  std::uint64_t w_bytes(const Job& job) const;
  std::uint64_t y_words(const Job& job) const;
};

}  // namespace tern::sim
