// SPDX-License-Identifier: Apache-2.0
//
// How longer contexts are had from RoPE: each pair of a head turns by its frequency over a divisor
// (Model::rope_divisors).

#pragma once

#include <optional>
#include <vector>

#include "models/config.h"

namespace tern::models {

// Positions over `factor`: that divisor for every pair.  [head_dim / 2]
std::vector<float> linear_rope_divisors(const Config& config, double factor);

// The factor that gave those divisors; nothing where they are none or not all one.
std::optional<float> find_linear_rope(const std::vector<float>& divisors);

// LLaMA 3.1 (transformers, modeling_rope_utils.py, _compute_llama3_parameters): pairs whose
// wavelength is beyond original_context / low_freq_factor turn `factor` times slower, those
// below original_context / high_freq_factor as they did; in between the two frequencies are mixed.
struct Llama3Rope {
  double factor, low_freq_factor, high_freq_factor;  // low < high
  double original_context;                           // tokens
};
std::vector<float> llama3_rope_divisors(const Config& config, const Llama3Rope& rope);

// The parameters that gave those divisors, to 1e-5 (llama.cpp's converter computes in float32).
// Nothing where no usual ones do: low 1 or 2, high 4 or 8, a power of two as original context.
std::optional<Llama3Rope> find_llama3_rope(const Config& config,
                                           const std::vector<float>& divisors);

}  // namespace tern::models
