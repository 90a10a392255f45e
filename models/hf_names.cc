// SPDX-License-Identifier: Apache-2.0

#include "models/hf_names.h"

#include <algorithm>
#include <array>

#include "kernels/check.h"

namespace tern::models {
namespace {

struct Name {
  std::string_view slot, hf;
};
constexpr std::array kNames = {
    Name{"attn_norm", "input_layernorm"},
    Name{"attn_sub_norm", "self_attn.attn_sub_norm"},
    Name{"ffn_norm", "post_attention_layernorm"},
    Name{"ffn_sub_norm", "mlp.ffn_sub_norm"},
    Name{"attn_q", "self_attn.q_proj"},
    Name{"attn_k", "self_attn.k_proj"},
    Name{"attn_v", "self_attn.v_proj"},
    Name{"attn_output", "self_attn.o_proj"},
    Name{"ffn_gate", "mlp.gate_proj"},
    Name{"ffn_up", "mlp.up_proj"},
    Name{"ffn_down", "mlp.down_proj"},
};

}  // namespace

std::string hf_layer_name(std::size_t layer, std::string_view slot) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const Name& name) { return name.slot == slot; });
  TERN_CHECK(found != kNames.end(), "a slot without a name");
  return "model.layers." + std::to_string(layer) + "." + std::string(found->hf);
}

}  // namespace tern::models
