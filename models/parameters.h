// SPDX-License-Identifier: Apache-2.0
//
// The trainable parameters of a transformer as one flat float32 array, and where each tensor lies
// in it. Gradients and optimiser moments use the same layout.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/config.h"
#include "models/master_weights.h"

namespace tern::models {

enum class TensorKind : std::uint8_t { kEmbedding, kLinear, kNorm };

struct TensorSlot {
  TensorKind kind;
  std::size_t offset, rows, cols;  // row-major [rows, cols]; a norm has one row

  std::size_t size() const { return rows * cols; }
};

struct LayerSlots {
  TensorSlot attn_norm, attn_q, attn_k, attn_v, attn_sub_norm, attn_output;
  TensorSlot ffn_norm, ffn_gate, ffn_up, ffn_sub_norm, ffn_down;  // sub-norms: size 0 if absent
};

struct ParameterLayout {
  explicit ParameterLayout(const Config& config);

  TensorSlot token_embd, output_norm, output;  // output: size 0 when the head is tied
  std::vector<LayerSlots> layers;
  std::vector<TensorSlot> all;  // every slot of non-zero size, ascending
  std::size_t size = 0;
};

// Norms 1; embedding N(0, 0.02); linears N(0, 1 / sqrt(cols)). The same bits for the same seed.
std::vector<float> initial_parameters(const ParameterLayout& layout, std::uint64_t seed);

MasterWeights to_master_weights(const Config& config, const ParameterLayout& layout,
                                const std::vector<float>& parameters);

}  // namespace tern::models
