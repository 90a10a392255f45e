// SPDX-License-Identifier: Apache-2.0
//
// Float32 weights of a model, as training holds them and as checkpoints are written from.
// Matrices are row-major [out, in].

#pragma once

#include <vector>

#include "models/config.h"

namespace tern::models {

struct MasterWeights {
  struct Layer {
    std::vector<float> attn_norm;      // [dim]
    std::vector<float> attn_sub_norm;  // [q_dim], empty without sub-norms
    std::vector<float> attn_q;         // [q_dim, dim]
    std::vector<float> attn_k;         // [kv_dim, dim]
    std::vector<float> attn_v;         // [kv_dim, dim]
    std::vector<float> attn_output;    // [dim, q_dim]
    std::vector<float> ffn_norm;       // [dim]
    std::vector<float> ffn_sub_norm;   // [ffn], empty without sub-norms
    std::vector<float> ffn_gate;       // [ffn, dim]
    std::vector<float> ffn_up;         // [ffn, dim]
    std::vector<float> ffn_down;       // [dim, ffn]
  };

  Config config;
  std::vector<float> token_embd;   // [vocab, dim]
  std::vector<float> output_norm;  // [dim]
  std::vector<float> output;       // [vocab, dim], empty with a tied head
  std::vector<Layer> layers;
};

}  // namespace tern::models
