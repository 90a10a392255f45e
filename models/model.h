// SPDX-License-Identifier: Apache-2.0
//
// A model ready to run: its shape, its tokenizer and its weights in the formats that kernels
// and accelerators take. Stage 2 of the data path.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/config.h"
#include "models/flavour.h"
#include "models/linear.h"
#include "models/master_weights.h"
#include "models/tokenizer.h"

namespace tern::models {

using Linear = std::variant<TernaryMatrix, DenseMatrix>;

struct Layer {
  std::vector<float> attn_norm;      // [dim]
  std::vector<float> attn_sub_norm;  // [q_dim], empty without sub-norms
  std::vector<float> ffn_norm;       // [dim]
  std::vector<float> ffn_sub_norm;   // [ffn], empty without sub-norms
  Linear attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, ffn_down;
};

// Weights may lie in a mapped file, which the model keeps alive. Never copied or moved: the
// addresses of its matrices are their identity (models/linear.h).
struct Model {
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  Config config;
  std::optional<Tokenizer> tokenizer;  // absent: it takes ids alone
  DenseMatrix token_embd{};            // [vocab, dim]
  std::optional<DenseMatrix> output;   // [vocab, dim]; absent: tied
  std::vector<float> output_norm;      // [dim]
  std::vector<float> rope_divisors;    // [head_dim / 2] or empty: rope_freqs.weight of LLaMA 3.1
  std::vector<Layer> layers;
  std::vector<std::shared_ptr<const void>> storage;  // what the matrices point into

  const DenseMatrix& head() const { return output ? *output : token_embd; }
};

std::size_t rows_of(const Linear& linear);
std::size_t cols_of(const Linear& linear);
const std::string& name_of(const Linear& linear);

// The tensors of a layer, in the order a checkpoint has them: `name` is what stands between
// "blk.N." and ".weight". Reader, writer and builder walk these tables.
struct LinearSlot {
  std::string_view name;
  std::vector<float> MasterWeights::Layer::*master;
  Linear Layer::*linear;
  std::size_t (*rows)(const Config&);
  std::size_t (*cols)(const Config&);
};
struct NormSlot {
  std::string_view name;
  std::vector<float> MasterWeights::Layer::*master;
  std::vector<float> Layer::*norm;
  std::size_t (*size)(const Config&);
  bool sub_norm;  // absent without sub-norms
};
const std::array<LinearSlot, 7>& linear_slots() noexcept;
const std::array<NormSlot, 4>& norm_slots() noexcept;

std::string tensor_name(std::size_t layer, std::string_view slot);

// Quantises master weights to a model in memory, as write_checkpoint and load_checkpoint would.
// Unlike a checkpoint, the config may mix what no architecture mixes.
// Throws std::runtime_error naming a tensor that the flavour cannot hold.
std::unique_ptr<const Model> build_model(const MasterWeights& master,
                                         std::optional<Tokenizer> tokenizer, Flavour flavour);

}  // namespace tern::models
