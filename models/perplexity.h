// SPDX-License-Identifier: Apache-2.0
//
// How surprised a model is by a text, which is cut into windows, each read from an empty sequence.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "models/decoder.h"

namespace tern::models {

enum class PerplexityMode : std::uint8_t {
  // As llama.cpp's tools/perplexity: consecutive whole windows (what is left over is not read), the
  // first token of each replaced by `first`, if there is one; predicted are the tokens from
  // window / 2 + 1 on, so that each has a context of half a window at least.
  kSecondHalf,
  // Each window holds `first` and then window - 1 tokens: every token is predicted exactly once.
  kEveryToken,
  // Consecutive windows, nothing added: all but the first token of each are predicted.
  kAsIs,
};

struct PerplexityOptions {
  PerplexityMode mode = PerplexityMode::kSecondHalf;
  std::optional<TokenId> first = {};  // the BOS; kEveryToken needs it
  std::size_t window = 512;           // tokens; 3 (kSecondHalf) or 2 to the decoder's context
};

struct Perplexity {
  std::size_t tokens = 0;  // predicted
  std::size_t windows = 0;
  double nats = 0;          // sum of -ln p(token)
  double nats_squared = 0;  // sum of their squares

  double nats_per_token() const;
  double perplexity() const;  // e to the power of that
  // Of the perplexity, from the spread of -ln p over the tokens as if they were independent; as
  // llama.cpp has it. 0 below two tokens.
  double standard_error() const;
};

// How many windows there are in `tokens` tokens, and how many of these are predicted.
struct PerplexityWork {
  std::size_t windows = 0, tokens = 0;
};
PerplexityWork perplexity_work(const PerplexityOptions& options, std::size_t tokens);

// `progress` is told what there is so far, kPromptPart tokens at most later than before, and ends
// the work by returning false; then the sums cover what was done.
Perplexity perplexity(Decoder& decoder, std::size_t vocab, const PerplexityOptions& options,
                      std::span<const TokenId> tokens,
                      const std::function<bool(const Perplexity&)>& progress);

// -ln softmax(logits)[token].
double nll(std::span<const float> logits, TokenId token);

}  // namespace tern::models
