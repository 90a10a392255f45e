// SPDX-License-Identifier: Apache-2.0
//
// Trains a transformer on stories drawn from a grammar: full-precision master weights, AdamW, a
// fresh batch every step. Killed half-way, it goes on from its last snapshot to the same bits.

#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "models/backprop.h"
#include "models/grammar.h"
#include "models/tokenizer.h"

namespace tern::models {

struct TrainOptions {
  Flavour flavour = Flavour::kTernary;
  std::uint64_t seed = 1;
  std::size_t steps = 2000;
  std::size_t stories_per_step = 32;
  // Warm-up, then a cosine to zero. The ternary model follows the b1.58 recipe: a higher rate that
  // drops by a third half-way, and weight decay in the first half only (arXiv 2411.04965 Table 7;
  // "The Era of 1-bit LLMs: Training Tips, Code and FAQ").
  double learning_rate = 2e-3;
  std::size_t warmup_steps = 100;
  double weight_decay = 0.1;
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  double clip_norm = 1.0;
  unsigned threads = 1;
  std::string snapshot;  // file to go on from and to write to; empty: none
  std::size_t snapshot_every = 100;
};

struct StepReport {
  std::size_t step;  // counts from 1
  double loss;       // nats per token of this step's batch
  double bits_per_byte;
  double learning_rate;
  double gradient_norm;
  std::size_t tokens;
};

double learning_rate_at(const TrainOptions& options, std::size_t step);

// The batch of a step (from 1) depends on seed and step alone. Each story becomes BOS, its tokens,
// EOS.
Batch story_batch(const Grammar& grammar, const Tokenizer& tokenizer, std::uint64_t seed,
                  std::uint64_t step, std::size_t stories, std::size_t* bytes);

// The generator of one batch of stories: every (seed, batch) has its own stream.
std::mt19937_64 story_generator(std::uint64_t seed, std::uint64_t batch);

// `stories` stories, a line each, drawn as batch 0 of the seed: what a vocabulary is learned from.
std::string story_corpus(const Grammar& grammar, std::uint64_t seed, std::size_t stories);

// Trains from the seed (or the snapshot) to options.steps; `report` is called after every step and
// ends training by returning false (the snapshot is written first). Returns the master weights.
// Throws std::runtime_error when a story exceeds the context, the loss is no longer finite, or the
// snapshot is damaged or belongs to another run.
MasterWeights train(const Config& config, const Grammar& grammar, const Tokenizer& tokenizer,
                    const TrainOptions& options,
                    const std::function<bool(const StepReport&)>& report);

}  // namespace tern::models
