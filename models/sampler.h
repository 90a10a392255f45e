// SPDX-License-Identifier: Apache-2.0
//
// From logits to the next token. The same seed and logits give the same tokens with any standard
// library, and from the largest logits alone (wanted()) as from all.
//
// The filters run in llama.cpp's default order (its common/sampling.cpp): bans, repetition penalty,
// top-k, top-p, min-p, temperature. So top-p and min-p cut the model's own distribution, and a high
// temperature does not let in what they left out; with Hugging Face, which divides by the
// temperature first, it would.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/decoder.h"
#include "models/tokenizer.h"

namespace tern::models {

struct SamplerOptions {
  double temperature = 0;         // 0: the largest logit, the first of equals; no cut matters
  std::size_t top_k = 0;          // keep the k largest; 0: all
  double top_p = 1;               // then the fewest whose probabilities reach p, at least one
  double min_p = 0;               // then those at least min_p times as probable as the likeliest
  double repeat_penalty = 1;      // of tokens seen: logit > 0 ? logit / penalty : logit * penalty
  std::int64_t repeat_last = 64;  // so many tokens back; 0: none, -1: all, as in llama.cpp
  std::vector<TokenId> banned = {};  // never picked
  std::uint64_t seed = 1;
};

// Throws std::runtime_error naming an option out of range.
void check(const SamplerOptions& options);

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  // Tokens of the sequence, in order: of the prompt, and of what was picked and kept.
  void saw(std::span<const TokenId> tokens);

  // How many of the largest logits pick() needs so that all of them would give the same token; 0:
  // all. Which of equal logits count as larger: those of the smaller id, as in forward_top().
  std::size_t wanted() const;

  // `list` holds at least wanted() of the largest logits. Throws std::runtime_error when a logit is
  // not finite or every token is banned. `list` is not empty.
  TokenId pick(const LogitList& list);
  TokenId pick(std::span<const float> logits) { return pick(LogitList{{}, logits}); }

 private:
  struct Candidate {
    double logit;
    TokenId id;
  };
  static bool before(const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }

  void take(const LogitList& list);  // candidates_: bans and the penalty done
  void cut_top_k();
  void cut_top_p(double most);
  void cut_min_p(double most);
  TokenId draw(double most);

  SamplerOptions options_;
  std::mt19937_64 rng_;
  std::deque<TokenId> seen_;  // the last repeat_last
  std::unordered_map<TokenId, std::size_t> times_seen_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;
};

}  // namespace tern::models
