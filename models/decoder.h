// SPDX-License-Identifier: Apache-2.0
//
// A language model in the middle of a sequence: tokens go in, logits come out. The fast path
// (transformer.h) and the reference (reference.h) are both.

#pragma once

#include <cstddef>
#include <span>

#include "models/tokenizer.h"

namespace tern::models {

class Decoder {
 public:
  virtual ~Decoder() = default;

  // Appends tokens (at least one, each below vocab, no more than the context has room for) and
  // returns the logits after the last of them, [vocab], valid until the next call.
  // Throws std::runtime_error when the weights drive an activation out of float range.
  virtual std::span<const float> forward(std::span<const TokenId> tokens) = 0;

  // The same, writing the logits after each: logits [tokens, vocab].
  virtual void forward_all(std::span<const TokenId> tokens, float* logits) = 0;

  virtual std::size_t position() const = 0;  // tokens so far
  virtual std::size_t context() const = 0;   // most tokens
  virtual void reset() = 0;                  // back to an empty sequence
};

}  // namespace tern::models
