// SPDX-License-Identifier: Apache-2.0

#include "models/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tern::models {

std::vector<float> linear_rope_divisors(const Config& config, double factor) {
  return std::vector<float>(config.head_dim / 2, static_cast<float>(factor));
}

std::optional<float> find_linear_rope(const std::vector<float>& divisors) {
  for (const float d : divisors)
    if (d != divisors.front()) return {};
  return divisors.empty() ? std::nullopt : std::optional(divisors.front());
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

std::optional<Llama3Rope> find_llama3_rope(const Config& config,
                                           const std::vector<float>& divisors) {
  if (divisors.size() != config.head_dim / 2) return std::nullopt;
  const auto [least, most] = std::minmax_element(divisors.begin(), divisors.end());
  if (*least != 1 || *most <= 1) return std::nullopt;
  for (const double low : {1.0, 2.0})
    for (const double high : {4.0, 8.0})
      for (double original = 16; original <= 1 << 24; original *= 2) {
        const Llama3Rope rope{static_cast<double>(*most), low, high, original};
        const std::vector<float> found = llama3_rope_divisors(config, rope);
        bool equal = true;
        for (std::size_t j = 0; j < divisors.size(); ++j)
          equal = equal && std::fabs(found[j] - divisors[j]) <= 1e-5f * divisors[j];
        if (equal) return rope;
      }
  return std::nullopt;
}

}  // namespace tern::models
