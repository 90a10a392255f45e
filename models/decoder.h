// SPDX-License-Identifier: Apache-2.0
//
// A language model in the middle of a sequence: tokens go in, logits come out. The fast path
// (transformer.h) and the reference (reference.h) are both.

#pragma once

#include <cstddef>
#include <span>

#include "models/tokenizer.h"

namespace tern::models {

// Logits by token. ids empty: those of all tokens, in order. Else logits[i] is that of ids[i]; the
// order is unspecified, no id stands twice.
struct LogitList {
  std::span<const TokenId> ids;
  std::span<const float> logits;
};

// Of a pass that was asked to end.
struct Interrupted {};

class Decoder {
 public:
  virtual ~Decoder() = default;

  // Appends tokens (at least one, each below vocab, no more than the context has room for) and
  // returns the logits after the last of them, [vocab], valid until the next call.
  // Throws std::runtime_error when the weights drive an activation out of float range.
  virtual std::span<const float> forward(std::span<const TokenId> tokens) = 0;

  // The same without logits.
  virtual void append(std::span<const TokenId> tokens) { forward(tokens); }

  // The same, but only of tokens that include the `k` with the largest logits, exact; 0, or vocab
  // and more: all. Of logits that equal the k-th largest, those with the smallest ids.
  virtual LogitList forward_top(std::span<const TokenId> tokens, [[maybe_unused]] std::size_t k) {
    return {{}, forward(tokens)};
  }

  // The same as forward(), writing the logits after each: logits [tokens, vocab].
  virtual void forward_all(std::span<const TokenId> tokens, float* logits) = 0;

  virtual std::size_t position() const = 0;  // tokens so far
  virtual std::size_t context() const = 0;   // most tokens
  virtual void reset() = 0;                  // back to an empty sequence
  // Back to the first `position` tokens, at most position(): as if no others had come.
  virtual void truncate(std::size_t position) = 0;
};

}  // namespace tern::models
