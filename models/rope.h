// SPDX-License-Identifier: Apache-2.0
//
// Rotary position embedding (Su et al., arXiv 2104.09864): pairs of a head's elements turn by
// position * theta^(-2j/d) / divisor[j].

#pragma once

#include <cstddef>
#include <vector>

#include "models/config.h"

namespace tern::models {

class Rope {
 public:
  // divisors [head_dim / 2], or empty for all ones.
  Rope(const Config& config, const std::vector<float>& divisors);

  // Makes positions [0, n) usable.
  void reserve(std::size_t n);

  // Rotates x [heads, head_dim] in place. position < reserved.
  void rotate(float* x, std::size_t heads, std::size_t position) const;
  // The way back, which is also the gradient's.
  void rotate_back(float* x, std::size_t heads, std::size_t position) const;

 private:
  void turn(float* x, std::size_t heads, std::size_t position, float sign) const;

  RopePairing pairing_;
  std::size_t half_;                    // head_dim / 2
  std::vector<double> frequencies_;     // [half], radians per position
  std::vector<float> cosines_, sines_;  // [positions, half]
};

}  // namespace tern::models
