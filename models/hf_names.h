// SPDX-License-Identifier: Apache-2.0
//
// The names of tensors in Hugging Face directories (shared/reference/formats.md 6.6).

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tern::models {

inline constexpr const char* kHfEmbedding = "model.embed_tokens.weight";
inline constexpr const char* kHfHead = "lm_head.weight";
inline constexpr const char* kHfOutputNorm = "model.norm.weight";

// "model.layers.0.self_attn.q_proj" of "attn_q" (models/model.h); ".weight" and ".weight_scale"
// follow.
std::string hf_layer_name(std::size_t layer, std::string_view slot);

}  // namespace tern::models
