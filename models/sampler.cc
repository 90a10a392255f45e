// SPDX-License-Identifier: Apache-2.0

#include "models/sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/check.h"

namespace tern::models {

void check(const SamplerOptions& o) {
  if (!(o.temperature >= 0) || !std::isfinite(o.temperature))
    throw std::runtime_error("temperature is " + std::to_string(o.temperature) +
                             ", expected a finite one of at least 0");
  if (!(o.top_p > 0 && o.top_p <= 1))
    throw std::runtime_error("top-p is " + std::to_string(o.top_p) +
                             ", expected above 0 and at most 1");
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), rng_(options.seed) {
  check(options);
}

TokenId Sampler::pick(std::span<const float> logits) {
  TERN_CHECK(!logits.empty(), "no logits to pick from");
  for (const float v : logits)
    if (!std::isfinite(v)) throw std::runtime_error("a logit is not finite");
  if (options_.temperature == 0)
    return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());

  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i)
    candidates_.push_back({logits[i], static_cast<TokenId>(i)});
  const std::size_t k =
      options_.top_k == 0 ? logits.size() : std::min(options_.top_k, logits.size());
  if (k < logits.size() || options_.top_p < 1) {
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k),
                      candidates_.end(), [](const Candidate& a, const Candidate& b) {
                        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
                      });
    candidates_.resize(k);
  }

  const double most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double total = 0;
  weights_.clear();
  for (const Candidate& c : candidates_) {
    weights_.push_back(std::exp((static_cast<double>(c.logit) - most) / options_.temperature));
    total += weights_.back();
  }
  if (options_.top_p < 1) {
    double kept = 0;
    std::size_t n = 0;
    while (n < weights_.size() && kept < options_.top_p * total) kept += weights_[n++];
    weights_.resize(n);
    total = kept;
  }
  // 53 random bits: a double in [0, 1), by hand because std::generate_canonical may differ.
  double u = static_cast<double>(rng_() >> 11) * 0x1p-53 * total;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (u < weights_[i]) return candidates_[i].id;
    u -= weights_[i];
  }
  // Rounding left a remainder: the last one that can be drawn at all.
  std::size_t last = weights_.size() - 1;
  while (last > 0 && weights_[last] == 0) --last;
  return candidates_[last].id;
}

}  // namespace tern::models
