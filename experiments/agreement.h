// SPDX-License-Identifier: Apache-2.0
//
// Did two levels compute the same? Tokens, then every product bit by bit (through its hash), and
// for two simulated levels every job's cycles.

#pragma once

#include <cstdint>
#include <string>

#include "experiments/level.h"

namespace tern::experiments {

struct Agreement {
  std::string flavour, reference, level;
  bool same = true;
  std::string difference;  // the first one, with tensor and index; empty where all is the same
  std::uint64_t tokens = 0, products = 0, dot_products = 0, macs = 0;  // compared and equal
  std::uint64_t jobs = 0, cycles = 0;  // compared and equal; 0 where one of the two is a CPU
};

Agreement compare_levels(const LevelResult& reference, const LevelResult& level);

}  // namespace tern::experiments
