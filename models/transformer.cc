// SPDX-License-Identifier: Apache-2.0

#include "models/transformer.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/check.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

// Tokens that share a pass over the weights: each block of unpacked weights meets all of them.
constexpr std::size_t kMaxBatch = 512;

}  // namespace

Transformer::Transformer(const Model& model, LinearEngine& engine,
                         const TransformerOptions& options)
    : model_(model),
      config_(model.config),
      ops_(vector_ops(options.isa)),
      pool_(options.pool),
      go_on_(options.go_on),
      input_(engine, ops_, counts_, times_, options.dense_inputs, options.pool),
      attention_(config_, ops_, options.pool),
      rope_(config_, model.rope_divisors),
      cache_(config_, options.kv, options.isa, options.pool),
      logits_(config_.vocab) {
  TERN_CHECK(kernels::host_has(options.isa), "a transformer for instructions that this host lacks");
}

void Transformer::truncate(std::size_t position) {
  TERN_CHECK(position <= position_, "a sequence is cut beyond its end");
  position_ = position;
}

void Transformer::check_tokens(std::span<const TokenId> tokens) const {
  TERN_CHECK(!tokens.empty(), "a forward pass needs a token");
  TERN_CHECK(tokens.size() <= config_.context - position_, "the context is full");
  for (const TokenId id : tokens) TERN_CHECK(id < config_.vocab, "token id outside the vocabulary");
}

void Transformer::ask_to_go_on() const {
  if (go_on_ && !go_on_()) throw Interrupted{};
}

void Transformer::add_to_residual(const Linear& linear, std::size_t tokens) {
  ask_to_go_on();
  input_.add_times(linear, x_.data());
  counts_.elementwise_ops += tokens * config_.dim * kResidualOps;
}

void Transformer::attention_block(std::size_t l, std::size_t tokens, std::size_t kept) {
  const Layer& layer = model_.layers[l];
  const std::size_t q_dim = config_.q_dim(), kv_dim = config_.kv_dim(), dim = config_.dim;
  ask_to_go_on();
  input_.set_normed(x_.data(), tokens, layer.attn_norm, config_.rms_eps, name_of(layer.attn_q));
  const std::size_t left = tokens - kept, first = position_ + left;
  if (left == 0) {
    input_.times(
        {{&layer.attn_q, q_.data()}, {&layer.attn_k, k_.data()}, {&layer.attn_v, v_.data()}});
  } else {
    input_.times({{&layer.attn_k, k_.data()}, {&layer.attn_v, v_.data()}});
    std::copy_n(x_.begin() + static_cast<std::ptrdiff_t>(left * dim), kept * dim, x_.begin());
    input_.set_normed(x_.data(), kept, layer.attn_norm, config_.rms_eps, name_of(layer.attn_q));
    if (kept > 0) input_.times({{&layer.attn_q, q_.data()}});
  }
  {
    const Stopwatch watch(times_.cache_s);
    const bool pays = tokens * q_dim >= kParallelElements;
    kernels::parallel_for_if(pays, pool_, tokens, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t t = begin; t < end; ++t) {
        rope_.rotate(k_.data() + t * kv_dim, config_.kv_heads, position_ + t);
        if (t >= left) rope_.rotate(q_.data() + (t - left) * q_dim, config_.heads, position_ + t);
      }
    });
    cache_.append(l, position_, tokens, k_.data(), v_.data());
  }
  counts_.kv_write_bytes += tokens * cache_.bytes_per_token() / config_.layers;
  counts_.elementwise_ops += (kept * q_dim + tokens * kv_dim) * kRopeOps;
  if (kept == 0) return;
  {
    const Stopwatch watch(times_.attention_s);
    attention_.run(q_.data(), kept, first, cache_, l, heads_.data());
  }

  // Token t of those kept sees first + t + 1 positions.
  const std::uint64_t seen = kept * first + kept * (kept + 1) / 2;
  counts_.attention_macs += 2 * seen * q_dim;
  counts_.kv_read_bytes += seen * cache_.bytes_per_token() / config_.layers;
  counts_.elementwise_ops += seen * config_.heads * kSoftmaxOps + kept * q_dim * kAverageOps;

  if (config_.sub_norms)
    input_.set_normed(heads_.data(), kept, layer.attn_sub_norm, config_.rms_eps,
                      name_of(layer.attn_output));
  else
    input_.set(heads_.data(), kept, q_dim, name_of(layer.attn_output));
  add_to_residual(layer.attn_output, kept);
}

void Transformer::ffn_block(const Layer& layer, std::size_t tokens) {
  const std::size_t n = tokens * config_.ffn;
  ask_to_go_on();
  input_.set_normed(x_.data(), tokens, layer.ffn_norm, config_.rms_eps, name_of(layer.ffn_gate));
  input_.times({{&layer.ffn_gate, gate_.data()}, {&layer.ffn_up, up_.data()}});
  const bool relu2 = config_.activation == Activation::kRelu2;
  counts_.elementwise_ops += n * (relu2 ? kRelu2Ops : kSiluOps);
  input_.set_gated(relu2 ? ops_.relu2_times : ops_.silu_times, gate_.data(), up_.data(), tokens,
                   config_.ffn, config_.sub_norms ? &layer.ffn_sub_norm : nullptr, config_.rms_eps,
                   name_of(layer.ffn_down));
  add_to_residual(layer.ffn_down, tokens);
}

void Transformer::embed(TokenId token, float* x) {
  const DenseMatrix& w = model_.token_embd;
  auto* row = embedding_.room<std::uint8_t>(w.row_bytes());
  if (!copy_bytes(w.data + token * w.row_bytes(), w.row_bytes(), row))
    throw std::runtime_error(w.name + ": its file has become shorter since it was opened");
  w.format->unpack(row, config_.dim, x);
}

void Transformer::run_layers(std::span<const TokenId> tokens, std::size_t kept) {
  const Stopwatch watch(times_.total_s);
  const std::size_t n = tokens.size(), dim = config_.dim;
  x_.resize(n * dim);
  q_.resize(n * config_.q_dim());
  heads_.resize(n * config_.q_dim());
  k_.resize(n * config_.kv_dim());
  v_.resize(n * config_.kv_dim());
  gate_.resize(n * config_.ffn);
  up_.resize(n * config_.ffn);
  rope_.reserve(position_ + n);
  cache_.reserve(position_ + n);
  for (std::size_t t = 0; t < n; ++t) embed(tokens[t], x_.data() + t * dim);
  for (std::size_t l = 0; l < config_.layers; ++l) {
    const std::size_t through = l + 1 == config_.layers ? kept : n;
    attention_block(l, n, through);
    if (through > 0) ffn_block(model_.layers[l], through);
  }
  position_ += n;
  counts_.tokens += n;
}

void Transformer::head(std::size_t first, std::size_t count, float* logits) {
  const Stopwatch watch(times_.head_s), total(times_.total_s);
  input_.set_normed(x_.data() + first * config_.dim, count, model_.output_norm, config_.rms_eps,
                    model_.head().name);
  input_.times_head(model_.head(), logits);
}

void Transformer::extend(std::span<const TokenId> tokens, std::size_t kept) {
  check_tokens(tokens);
  while (!tokens.empty()) {
    const auto batch = tokens.first(std::min(kMaxBatch, tokens.size()));
    tokens = tokens.subspan(batch.size());
    run_layers(batch, tokens.empty() ? kept : 0);
  }
}

std::span<const float> Transformer::forward(std::span<const TokenId> tokens) {
  extend(tokens, 1);
  head(0, 1, logits_.data());
  return logits_;
}

LogitList Transformer::forward_top(std::span<const TokenId> tokens, std::size_t k) {
  extend(tokens, 1);
  if (k > 0 && k < config_.vocab) {
    const Stopwatch watch(times_.head_s), total(times_.total_s);
    input_.set_normed(x_.data(), 1, model_.output_norm, config_.rms_eps, model_.head().name);
    if (input_.largest_of_head(model_.head(), k, largest_))
      return {largest_.rows, largest_.results};
  }
  head(0, 1, logits_.data());
  return {{}, logits_};
}

void Transformer::forward_all(std::span<const TokenId> tokens, float* logits) {
  check_tokens(tokens);
  while (!tokens.empty()) {
    const auto batch = tokens.first(std::min(kMaxBatch, tokens.size()));
    run_layers(batch, batch.size());
    head(0, batch.size(), logits);
    logits += batch.size() * config_.vocab;
    tokens = tokens.subspan(batch.size());
  }
}

}  // namespace tern::models
