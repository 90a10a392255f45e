// SPDX-License-Identifier: Apache-2.0
//
// How well a model knows a grammar: its loss on fresh stories against their entropy, and how many
// of the sentences it makes up belong to the grammar.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "models/decoder.h"
#include "models/grammar.h"
#include "models/tokenizer.h"

namespace tern::models {

// Over `stories` stories, each BOS, text, EOS; the first token is given, EOS is predicted.
struct Loss {
  std::size_t stories = 0, tokens = 0, bytes = 0;  // bytes of text
  double nats = 0;                                 // sum of -ln p(token)
  double grammar_bits = 0;  // -log2 of the stories' probability under the grammar itself

  double nats_per_token() const;
  double bits_per_byte() const;
  double grammar_bits_per_byte() const;  // what the true distribution pays for this very text
};

// Stories of batch 1 of `seed` (models/train.h): choose a seed that no training used.
// `progress` is told how many stories are done. Throws std::runtime_error when a story exceeds the
// model's context.
Loss story_loss(Decoder& model, const Tokenizer& tokenizer, const Grammar& grammar,
                std::uint64_t seed, std::size_t stories,
                const std::function<void(std::size_t)>& progress);

struct Generated {
  std::size_t stories = 0, ended = 0;  // ended: with EOS, before the context was full
  std::size_t parsed_stories = 0;      // derived from the start symbol as a whole
  std::size_t sentences = 0, parsed_sentences = 0;
  double sentence_rate() const;
  double story_rate() const;
};

// Samples stories from the model at temperature 1, without any cut of its distribution, so that
// what it knows is judged and not what a sampler hides.
Generated generate_stories(Decoder& model, const Tokenizer& tokenizer, const Grammar& grammar,
                           std::uint64_t seed, std::size_t stories,
                           const std::function<void(std::size_t)>& progress);

}  // namespace tern::models
