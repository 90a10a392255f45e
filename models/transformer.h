// SPDX-License-Identifier: Apache-2.0
//
// The decoder: token ids to logits. Stage 4 of the data path. Float32 but for the matrix products,
// which go through models/linear.h. The logits depend on the tokens alone: not on how they were
// batched, on threads, or on the ISA.

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "kernels/isa.h"
#include "kernels/scratch.h"
#include "kernels/thread_pool.h"
#include "models/attention.h"
#include "models/decoder.h"
#include "models/kv_cache.h"
#include "models/linear.h"
#include "models/linear_input.h"
#include "models/model.h"
#include "models/rope.h"
#include "models/step_counts.h"
#include "models/step_times.h"
#include "models/vector_ops.h"

namespace tern::models {

struct TransformerOptions {
  kernels::ThreadPool* pool = nullptr;         // for what the engine does not do; null: one thread
  kernels::Isa isa = kernels::selected_isa();  // likewise; the host must have it
  kernels::KvFormat kv = kernels::KvFormat::kF32;
  DenseInputs dense_inputs = DenseInputs::kFloat32;
  // Asked some times in a layer. Where it says no, a pass throws Interrupted: of the batch of at
  // most 512 tokens that it was at, it is as if it had not come.
  std::function<bool()> go_on = {};
};

class Transformer : public Decoder {
 public:
  // Borrows the model and the engine, and the pool.
  Transformer(const Model& model, LinearEngine& engine, const TransformerOptions& options = {});

  std::span<const float> forward(std::span<const TokenId> tokens) override;
  void append(std::span<const TokenId> tokens) override { extend(tokens, 0); }
  LogitList forward_top(std::span<const TokenId> tokens, std::size_t k) override;
  void forward_all(std::span<const TokenId> tokens, float* logits) override;
  std::size_t position() const override { return position_; }
  std::size_t context() const override { return config_.context; }
  void reset() override { truncate(0); }
  void truncate(std::size_t position) override;

  // Summed since construction or the last reset_counts().
  const StepCounts& counts() const { return counts_; }
  void reset_counts() { counts_ = {}; }
  const StepTimes& times() const { return times_; }  // likewise
  void reset_times() { times_ = {}; }

 private:
  void check_tokens(std::span<const TokenId> tokens) const;
  void embed(TokenId token, float* x);  // x [dim]
  void ask_to_go_on() const;
  // Runs the layers over at most kMaxBatch tokens; x_ then holds the hidden states of the last
  // `kept` of them.
  void run_layers(std::span<const TokenId> tokens, std::size_t kept);
  // Both over tokens of x_ whose first stands at position first; where `kept` is less than
  // `tokens`, only the last ones go on, to the front of x_: the others are in the cache, and that
  // is all that is wanted of them.
  void attention_block(std::size_t layer, std::size_t tokens, std::size_t kept);
  void ffn_block(const Layer& layer, std::size_t tokens);
  // x_ += linear times the input that is set.
  void add_to_residual(const Linear& linear, std::size_t tokens);
  // Appends the tokens; x_ then begins with the hidden states of the last `kept`, 0 or 1.
  void extend(std::span<const TokenId> tokens, std::size_t kept);
  // The logits of `count` hidden states of x_ from `first` on.
  void head(std::size_t first, std::size_t count, float* logits);

  const Model& model_;
  const Config& config_;
  const VectorOps& ops_;
  StepCounts counts_;
  StepTimes times_;
  kernels::ThreadPool* pool_;
  std::function<bool()> go_on_;
  LinearInput input_;
  Attention attention_;
  Rope rope_;
  KvCache cache_;
  std::size_t position_ = 0;
  kernels::Scratch embedding_;  // a row, as it is packed

  // Of one batch, [tokens, ...].
  std::vector<float> x_;          // dim: the residual stream
  std::vector<float> q_, heads_;  // q_dim
  std::vector<float> k_, v_;      // kv_dim
  std::vector<float> gate_, up_;  // ffn
  std::vector<float> logits_;     // [vocab]
  LargestRows largest_;
};

}  // namespace tern::models
