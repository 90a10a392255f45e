// SPDX-License-Identifier: Apache-2.0
//
// How surprised a model is by a text, every token of which is predicted exactly once.

#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "models/decoder.h"

namespace tern::models {

struct Perplexity {
  std::size_t tokens = 0;  // predicted
  std::size_t windows = 0;
  double nats = 0;  // sum of -ln p(token)
};

// Cuts `tokens` into consecutive windows of window - 1 tokens, each read after `first` (the BOS)
// from an empty sequence. 2 <= window <= decoder.context(). `progress` is told how many tokens are
// done and ends the work by returning false; then the sums cover what was done.
Perplexity perplexity(Decoder& decoder, std::size_t vocab, TokenId first,
                      std::span<const TokenId> tokens, std::size_t window,
                      const std::function<bool(std::size_t)>& progress);

// -ln softmax(logits)[token].
double nll(std::span<const float> logits, TokenId token);

}  // namespace tern::models
