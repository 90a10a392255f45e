// SPDX-License-Identifier: Apache-2.0
//
// From logits to the next token. The same seed and logits give the same tokens with any standard
// library.

#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "models/tokenizer.h"

namespace tern::models {

struct SamplerOptions {
  double temperature = 0;  // 0: the largest logit, the first of equals; nothing below matters
  std::size_t top_k = 0;   // keep the k largest; 0: all
  double top_p = 1;        // then the fewest whose probabilities reach p
  std::uint64_t seed = 1;
};

// Throws std::runtime_error naming an option out of range.
void check(const SamplerOptions& options);

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  // Throws std::runtime_error when a logit is not finite. logits is not empty.
  TokenId pick(std::span<const float> logits);

 private:
  struct Candidate {
    float logit;
    TokenId id;
  };

  SamplerOptions options_;
  std::mt19937_64 rng_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;
};

}  // namespace tern::models
