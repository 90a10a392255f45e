// SPDX-License-Identifier: Apache-2.0

#include "models/parameters.h"

#include <cmath>
#include <numbers>
#include <random>

namespace tern::models {

ParameterLayout::ParameterLayout(const Config& c) {
  const auto take = [this](TensorKind kind, std::size_t rows, std::size_t cols) {
    const TensorSlot slot{kind, size, rows, cols};
    size += slot.size();
    if (slot.size() != 0) all.push_back(slot);
    return slot;
  };
  const auto norm = [&](std::size_t n) { return take(TensorKind::kNorm, 1, n); };
  const auto linear = [&](std::size_t rows, std::size_t cols) {
    return take(TensorKind::kLinear, rows, cols);
  };
  token_embd = take(TensorKind::kEmbedding, c.vocab, c.dim);
  for (std::size_t l = 0; l < c.layers; ++l) {
    LayerSlots s{};
    s.attn_norm = norm(c.dim);
    s.attn_q = linear(c.q_dim(), c.dim);
    s.attn_k = linear(c.kv_dim(), c.dim);
    s.attn_v = linear(c.kv_dim(), c.dim);
    s.attn_sub_norm = norm(c.sub_norms ? c.q_dim() : 0);
    s.attn_output = linear(c.dim, c.q_dim());
    s.ffn_norm = norm(c.dim);
    s.ffn_gate = linear(c.ffn, c.dim);
    s.ffn_up = linear(c.ffn, c.dim);
    s.ffn_sub_norm = norm(c.sub_norms ? c.ffn : 0);
    s.ffn_down = linear(c.dim, c.ffn);
    layers.push_back(s);
  }
  output_norm = norm(c.dim);
  output = take(TensorKind::kEmbedding, c.tied_head ? 0 : c.vocab, c.dim);
}

std::vector<float> initial_parameters(const ParameterLayout& layout, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  const auto uniform = [&rng] { return (static_cast<double>(rng() >> 11) + 0.5) * 0x1p-53; };
  std::vector<float> parameters(layout.size);
  for (const TensorSlot& slot : layout.all) {
    float* w = parameters.data() + slot.offset;
    const double deviation = slot.kind == TensorKind::kEmbedding
                                 ? 0.02
                                 : 1.0 / std::sqrt(static_cast<double>(slot.cols));
    for (std::size_t i = 0; i < slot.size(); ++i) {
      if (slot.kind == TensorKind::kNorm) {
        w[i] = 1.0f;
      } else {  // Box and Muller
        const double radius = std::sqrt(-2 * std::log(uniform()));
        w[i] = static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * uniform()));
      }
    }
  }
  return parameters;
}

MasterWeights to_master_weights(const Config& config, const ParameterLayout& layout,
                                const std::vector<float>& parameters) {
  const auto get = [&](const TensorSlot& slot) {
    const auto begin = parameters.begin() + static_cast<std::ptrdiff_t>(slot.offset);
    return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(slot.size()));
  };
  MasterWeights out;
  out.config = config;
  out.token_embd = get(layout.token_embd);
  out.output_norm = get(layout.output_norm);
  out.output = get(layout.output);
  for (const LayerSlots& s : layout.layers) {
    MasterWeights::Layer layer;
    layer.attn_norm = get(s.attn_norm);
    layer.attn_sub_norm = get(s.attn_sub_norm);
    layer.attn_q = get(s.attn_q);
    layer.attn_k = get(s.attn_k);
    layer.attn_v = get(s.attn_v);
    layer.attn_output = get(s.attn_output);
    layer.ffn_norm = get(s.ffn_norm);
    layer.ffn_sub_norm = get(s.ffn_sub_norm);
    layer.ffn_gate = get(s.ffn_gate);
    layer.ffn_up = get(s.ffn_up);
    layer.ffn_down = get(s.ffn_down);
    out.layers.push_back(std::move(layer));
  }
  return out;
}

}  // namespace tern::models
