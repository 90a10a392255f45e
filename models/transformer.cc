// SPDX-License-Identifier: Apache-2.0

#include "models/transformer.h"

#include <algorithm>

#include "kernels/check.h"

namespace tern::models {
namespace {

// Tokens that share a pass over the weights. Beyond this, the weights' traffic is hidden anyway
// and the buffers leave the cache.
constexpr std::size_t kMaxBatch = 64;

}  // namespace

Transformer::Transformer(const Model& model, LinearEngine& engine,
                         const TransformerOptions& options)
    : model_(model),
      config_(model.config),
      ops_(vector_ops(options.isa)),
      input_(engine, ops_, counts_, options.dense_inputs),
      attention_(config_, ops_, options.pool),
      rope_(config_, model.rope_divisors),
      cache_(config_.layers),
      logits_(config_.vocab) {
  TERN_CHECK(kernels::host_has(options.isa), "a transformer for instructions that this host lacks");
}

void Transformer::truncate(std::size_t position) {
  TERN_CHECK(position <= position_, "a sequence is cut beyond its end");
  position_ = position;
  for (KvCache& cache : cache_) {
    cache.keys.resize(position * config_.kv_dim());
    cache.values.resize(position * config_.kv_dim());
  }
}

void Transformer::check_tokens(std::span<const TokenId> tokens) const {
  TERN_CHECK(!tokens.empty(), "a forward pass needs a token");
  TERN_CHECK(tokens.size() <= config_.context - position_, "the context is full");
  for (const TokenId id : tokens) TERN_CHECK(id < config_.vocab, "token id outside the vocabulary");
}

void Transformer::add_to_residual(const Linear& linear, std::size_t tokens) {
  input_.add_times(linear, x_.data());
  counts_.elementwise_ops += tokens * config_.dim * kResidualOps;
}

void Transformer::attention_block(const Layer& layer, KvCache& cache, std::size_t tokens) {
  const std::size_t q_dim = config_.q_dim(), kv_dim = config_.kv_dim();
  input_.set_normed(x_.data(), tokens, layer.attn_norm, config_.rms_eps, name_of(layer.attn_q));
  const std::size_t filled = position_ * kv_dim;
  cache.keys.resize(filled + tokens * kv_dim);
  cache.values.resize(filled + tokens * kv_dim);
  input_.times({{&layer.attn_q, q_.data()},
                {&layer.attn_k, cache.keys.data() + filled},
                {&layer.attn_v, cache.values.data() + filled}});
  for (std::size_t t = 0; t < tokens; ++t) {
    rope_.rotate(q_.data() + t * q_dim, config_.heads, position_ + t);
    rope_.rotate(cache.keys.data() + filled + t * kv_dim, config_.kv_heads, position_ + t);
  }
  attention_.run(q_.data(), tokens, position_, cache, heads_.data());

  // Token t sees position + t + 1 positions.
  const std::uint64_t seen = tokens * position_ + tokens * (tokens + 1) / 2;
  counts_.attention_macs += 2 * seen * q_dim;
  counts_.kv_read_bytes += 2 * seen * kv_dim * kKvBytesPerValue;
  counts_.kv_write_bytes += 2 * tokens * kv_dim * kKvBytesPerValue;
  counts_.elementwise_ops += tokens * (q_dim + kv_dim) * kRopeOps +
                             seen * config_.heads * kSoftmaxOps + tokens * q_dim * kAverageOps;

  if (config_.sub_norms)
    input_.set_normed(heads_.data(), tokens, layer.attn_sub_norm, config_.rms_eps,
                      name_of(layer.attn_output));
  else
    input_.set(heads_.data(), tokens, q_dim, name_of(layer.attn_output));
  add_to_residual(layer.attn_output, tokens);
}

void Transformer::ffn_block(const Layer& layer, std::size_t tokens) {
  const std::size_t n = tokens * config_.ffn;
  input_.set_normed(x_.data(), tokens, layer.ffn_norm, config_.rms_eps, name_of(layer.ffn_gate));
  input_.times({{&layer.ffn_gate, gate_.data()}, {&layer.ffn_up, up_.data()}});
  if (config_.activation == Activation::kRelu2) {
    ops_.relu2_times(gate_.data(), up_.data(), n);
    counts_.elementwise_ops += n * kRelu2Ops;
  } else {
    ops_.silu_times(gate_.data(), up_.data(), n);
    counts_.elementwise_ops += n * kSiluOps;
  }
  if (config_.sub_norms)
    input_.set_normed(gate_.data(), tokens, layer.ffn_sub_norm, config_.rms_eps,
                      name_of(layer.ffn_down));
  else
    input_.set(gate_.data(), tokens, config_.ffn, name_of(layer.ffn_down));
  add_to_residual(layer.ffn_down, tokens);
}

void Transformer::run_layers(std::span<const TokenId> tokens) {
  const std::size_t n = tokens.size(), dim = config_.dim;
  x_.resize(n * dim);
  q_.resize(n * config_.q_dim());
  heads_.resize(n * config_.q_dim());
  gate_.resize(n * config_.ffn);
  up_.resize(n * config_.ffn);
  rope_.reserve(position_ + n);
  const DenseMatrix& embeddings = model_.token_embd;
  for (std::size_t t = 0; t < n; ++t)
    embeddings.format->unpack(embeddings.data + tokens[t] * embeddings.row_bytes(), dim,
                              x_.data() + t * dim);
  for (std::size_t l = 0; l < config_.layers; ++l) {
    attention_block(model_.layers[l], cache_[l], n);
    ffn_block(model_.layers[l], n);
  }
  position_ += n;
  counts_.tokens += n;
}

void Transformer::head(std::size_t first, std::size_t count, float* logits) {
  input_.set_normed(x_.data() + first * config_.dim, count, model_.output_norm, config_.rms_eps,
                    model_.head().name);
  input_.times_head(model_.head(), logits);
}

std::span<const float> Transformer::forward(std::span<const TokenId> tokens) {
  check_tokens(tokens);
  while (!tokens.empty()) {
    const auto batch = tokens.first(std::min(kMaxBatch, tokens.size()));
    run_layers(batch);
    tokens = tokens.subspan(batch.size());
    if (tokens.empty()) head(batch.size() - 1, 1, logits_.data());
  }
  return logits_;
}

void Transformer::forward_all(std::span<const TokenId> tokens, float* logits) {
  check_tokens(tokens);
  while (!tokens.empty()) {
    const auto batch = tokens.first(std::min(kMaxBatch, tokens.size()));
    run_layers(batch);
    head(0, batch.size(), logits);
    logits += batch.size() * config_.vocab;
    tokens = tokens.subspan(batch.size());
  }
}

}  // namespace tern::models
