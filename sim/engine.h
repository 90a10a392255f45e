// SPDX-License-Identifier: Apache-2.0
//
// The engine inside the accelerator: one interface, two implementations that share nothing but
// the data mover. Both must give the same words in the same cycles.

#pragma once

#include <cstdint>
#include <memory>

#include "sim/dma.h"
#include "sim/machine.h"

namespace tern::sim {

// What happened inside an engine, counted.
struct EngineCounts {
  std::uint64_t x_beats = 0;
  std::uint64_t x_words = 0;  // written to the activation buffer
  std::uint64_t w_beats = 0;
  std::uint64_t w_words = 0;  // weight steps
  std::uint64_t fires = 0;    // weight step x token: R * N lane operations
  std::uint64_t nonzero = 0;  // lane operations whose trit is not 0 (ternary)
  std::uint64_t y_words = 0;

  EngineCounts& operator+=(const EngineCounts& other);
  bool operator==(const EngineCounts&) const = default;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Runs a job that the geometry fits, on a started Dma, to its last result word, and adds to
  // `counts`. False when a weight had an illegal code: the job then took its normal course, but its
  // results are void.
  virtual bool run(const Job& job, Dma& dma, EngineCounts& counts) = 0;
};

std::unique_ptr<Engine> make_cycle_engine(const Geometry& geometry);

// Throws std::runtime_error when no engine was verilated with the parameters of `config`.
std::unique_ptr<Engine> make_rtl_engine(const MachineConfig& config);

}  // namespace tern::sim
