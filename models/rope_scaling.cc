// SPDX-License-Identifier: Apache-2.0

#include "models/rope_scaling.h"

#include <cmath>
#include <numbers>

namespace tern::models {

std::vector<float> linear_rope_divisors(const Config& config, double factor) {
  return std::vector<float>(config.head_dim / 2, static_cast<float>(factor));
}

std::vector<float> llama3_rope_divisors(const Config& config, const Llama3Rope& rope) {
  std::vector<float> divisors;
  for (std::size_t j = 0; j < config.head_dim / 2; ++j) {
    const double exponent = static_cast<double>(2 * j) / static_cast<double>(config.head_dim);
    const double wavelength =
        2 * std::numbers::pi * std::pow(static_cast<double>(config.rope_theta), exponent);
    const double turns = rope.original_context / wavelength;  // within the original context
    double divisor = 1;
    if (turns < rope.low_freq_factor) {
      divisor = rope.factor;
    } else if (turns <= rope.high_freq_factor) {
      const double smooth =
          (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
      divisor = 1 / ((1 - smooth) / rope.factor + smooth);
    }
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

}  // namespace tern::models
