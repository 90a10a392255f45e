// SPDX-License-Identifier: Apache-2.0

#include "models/rope.h"

#include <cmath>

#include "kernels/check.h"

namespace tern::models {

Rope::Rope(const Config& config, const std::vector<float>& divisors)
    : pairing_(config.pairing), half_(config.head_dim / 2) {
  TERN_CHECK(divisors.empty() || divisors.size() == half_, "one RoPE divisor per pair");
  for (std::size_t j = 0; j < half_; ++j) {
    const double exponent = -static_cast<double>(2 * j) / static_cast<double>(config.head_dim);
    frequencies_.push_back(std::pow(static_cast<double>(config.rope_theta), exponent) /
                           (divisors.empty() ? 1.0 : static_cast<double>(divisors[j])));
  }
}

void Rope::reserve(std::size_t n) {
  for (std::size_t p = cosines_.size() / half_; p < n; ++p) {
    for (const double frequency : frequencies_) {
      const double angle = static_cast<double>(p) * frequency;
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void Rope::rotate(float* x, std::size_t heads, std::size_t position) const {
  turn(x, heads, position, 1.0f);
}

void Rope::rotate_back(float* x, std::size_t heads, std::size_t position) const {
  turn(x, heads, position, -1.0f);
}

void Rope::turn(float* x, std::size_t heads, std::size_t position, float sign) const {
  const float* c = cosines_.data() + position * half_;
  const float* s = sines_.data() + position * half_;
  const bool split = pairing_ == RopePairing::kHalfSplit;
  for (std::size_t h = 0; h < heads; ++h, x += 2 * half_) {
    for (std::size_t j = 0; j < half_; ++j) {
      float& a = split ? x[j] : x[2 * j];
      float& b = split ? x[j + half_] : x[2 * j + 1];
      const float sine = sign * s[j];
      const float turned = a * c[j] - b * sine;
      b = a * sine + b * c[j];
      a = turned;
    }
  }
}

}  // namespace tern::models
