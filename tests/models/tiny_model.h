// SPDX-License-Identifier: Apache-2.0
//
// Small random models of any shape, for tests.

#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "models/config.h"
#include "models/master_weights.h"
#include "models/tokenizer.h"

namespace tern::models {

inline Config tiny_config() {
  Config c;
  c.name = "tiny";
  c.vocab = 300;
  c.context = 96;
  c.dim = 128;
  c.layers = 2;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 32;
  c.ffn = 256;
  return c;
}

// Roughly normal, variance 1.
inline std::vector<float> noise(std::mt19937& rng, std::size_t n, float scale, float mean = 0) {
  std::vector<float> v(n);
  for (float& x : v) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<float>(rng() % 65536) / 65536.0f - 0.5f;
    x = mean + scale * sum * 1.7320508f;
  }
  return v;
}

inline MasterWeights random_master(const Config& c, unsigned seed) {
  std::mt19937 rng(seed);
  MasterWeights m;
  m.config = c;
  const auto matrix = [&](std::size_t rows, std::size_t cols) {
    return noise(rng, rows * cols, 1.0f / std::sqrt(static_cast<float>(cols)));
  };
  const auto norm = [&](std::size_t n) { return noise(rng, n, 0.1f, 1.0f); };
  m.token_embd = noise(rng, c.vocab * c.dim, 1.0f);
  m.output_norm = norm(c.dim);
  if (!c.tied_head) m.output = matrix(c.vocab, c.dim);
  for (std::size_t l = 0; l < c.layers; ++l) {
    MasterWeights::Layer layer;
    layer.attn_norm = norm(c.dim);
    if (c.sub_norms) layer.attn_sub_norm = norm(c.q_dim());
    layer.attn_q = matrix(c.q_dim(), c.dim);
    layer.attn_k = matrix(c.kv_dim(), c.dim);
    layer.attn_v = matrix(c.kv_dim(), c.dim);
    layer.attn_output = matrix(c.dim, c.q_dim());
    layer.ffn_norm = norm(c.dim);
    if (c.sub_norms) layer.ffn_sub_norm = norm(c.ffn);
    layer.ffn_gate = matrix(c.ffn, c.dim);
    layer.ffn_up = matrix(c.ffn, c.dim);
    layer.ffn_down = matrix(c.dim, c.ffn);
    m.layers.push_back(std::move(layer));
  }
  return m;
}

// The 256 bytes, then filler, then an end token; `vocab` tokens in all.
inline TokenizerData tiny_tokenizer(std::size_t vocab) {
  TokenizerData d;
  for (int b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    d.tokens.push_back(to_byte_alphabet({&byte, 1}));
  }
  while (d.tokens.size() + 1 < vocab) d.tokens.push_back("tok" + std::to_string(d.tokens.size()));
  d.types.assign(d.tokens.size(), TokenType::kNormal);
  d.tokens.push_back("<|end|>");
  d.types.push_back(TokenType::kControl);
  d.bos = d.eos = static_cast<TokenId>(d.tokens.size() - 1);
  d.stops = {*d.eos};
  d.add_bos = true;
  return d;
}

inline std::vector<TokenId> random_tokens(std::size_t n, std::size_t vocab, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<TokenId> ids(n);
  for (TokenId& id : ids) id = static_cast<TokenId>(rng() % vocab);
  return ids;
}

}  // namespace tern::models
