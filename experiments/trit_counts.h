// SPDX-License-Identifier: Apache-2.0
//
// How often each trit occurs, and how few bits could say it.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/linear.h"

namespace tern::experiments {

struct TritCounts {
  std::array<std::uint64_t, 3> counts{};  // of -1, 0, +1

  void add(std::span<const std::int8_t> trits);
  TritCounts& operator+=(const TritCounts& other);
  std::uint64_t total() const { return counts[0] + counts[1] + counts[2]; }
  double zero_fraction() const;
  double entropy_bits() const;  // per weight
};

// [rows, cols]
std::vector<std::int8_t> trits_of(const models::TernaryMatrix& w);
TritCounts count_trits(const models::TernaryMatrix& w);

}  // namespace tern::experiments
