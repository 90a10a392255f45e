// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face model files of random models, for tests: what models/hf_checkpoint.h reads.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/hf_config.h"
#include "models/master_weights.h"
#include "models/model.h"
#include "models/packing.h"

namespace tern::models {

// A safetensors file in the making. Tests change `header` as they like.
struct HfTensors {
  nlohmann::json header = {{"__metadata__", {{"format", "pt"}}}};
  std::string data;

  void add(const std::string& name, const std::string& dtype, std::vector<std::size_t> shape,
           const std::vector<std::uint8_t>& bytes) {
    header[name] = {{"dtype", dtype},
                    {"shape", std::move(shape)},
                    {"data_offsets", {data.size(), data.size() + bytes.size()}}};
    data.append(bytes.begin(), bytes.end());
  }
  void floats(const std::string& name, const std::string& dtype, std::vector<std::size_t> shape,
              const std::vector<float>& values) {
    const auto& format = kernels::dense_format(dtype == "F16"    ? "f16"
                                               : dtype == "BF16" ? "bf16"
                                                                 : "f32");
    std::vector<std::uint8_t> bytes(format.bytes(values.size()));
    format.pack(values.data(), values.size(), bytes.data());
    add(name, dtype, std::move(shape), bytes);
  }
  // `pad` blanks follow the header.
  std::string text(std::size_t pad = 0) const {
    const std::string head = header.dump() + std::string(pad, ' ');
    const std::uint64_t length = head.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + head + data;
  }
};

inline const std::pair<std::string, std::string> kHfNames[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_sub_norm", "self_attn.attn_sub_norm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_sub_norm", "mlp.ffn_sub_norm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

inline std::string hf_tensor(std::size_t layer, std::string_view slot) {
  for (const auto& [ours, theirs] : kHfNames)
    if (ours == slot) return "model.layers." + std::to_string(layer) + "." + theirs;
  return "";
}

// Floats in `dtype`; packed weights are those of absmean.
inline HfTensors hf_tensors(const MasterWeights& m, HfLinears linears, const std::string& dtype) {
  const Config& c = m.config;
  HfTensors t;
  t.floats("model.embed_tokens.weight", dtype, {c.vocab, c.dim}, m.token_embd);
  if (!c.tied_head) t.floats("lm_head.weight", dtype, {c.vocab, c.dim}, m.output);
  t.floats("model.norm.weight", dtype, {c.dim}, m.output_norm);
  for (std::size_t l = 0; l < c.layers; ++l) {
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        t.floats(hf_tensor(l, slot.name) + ".weight", dtype, {slot.size(c)},
                 m.layers[l].*slot.master);
    for (const LinearSlot& slot : linear_slots()) {
      const std::string name = hf_tensor(l, slot.name);
      const std::size_t rows = slot.rows(c), cols = slot.cols(c);
      const std::vector<float>& w = m.layers[l].*slot.master;
      if (linears == HfLinears::kFloat || linears == HfLinears::kMasters) {
        t.floats(name + ".weight", dtype, {rows, cols}, w);
        continue;
      }
      const kernels::Trits trits = ternarize(w, rows, cols, name);
      t.add(name + ".weight", "U8", {rows / 4, cols},
            kernels::pack_tensor(kernels::ternary_format("hf_u8"), trits, rows, cols, name));
      t.floats(name + ".weight_scale", dtype, {1},
               {linears == HfLinears::kPacked ? trits.scale : 1 / trits.scale});
    }
  }
  return t;
}

inline nlohmann::json hf_config_json(const Config& c, HfLinears linears) {
  nlohmann::json j = {{"architectures", {c.sub_norms ? "BitNetForCausalLM" : "LlamaForCausalLM"}},
                      {"hidden_act", c.activation == Activation::kSilu ? "silu" : "relu2"},
                      {"vocab_size", c.vocab},
                      {"hidden_size", c.dim},
                      {"intermediate_size", c.ffn},
                      {"max_position_embeddings", c.context},
                      {"num_hidden_layers", c.layers},
                      {"num_attention_heads", c.heads},
                      {"num_key_value_heads", c.kv_heads},
                      {"head_dim", c.head_dim},
                      {"tie_word_embeddings", c.tied_head},
                      {"rms_norm_eps", 1e-5},
                      {"rope_theta", c.rope_theta},
                      {"rope_scaling", nullptr},
                      {"attention_bias", false}};
  if (linears == HfLinears::kFloat) return j;
  j["quantization_config"] = {
      {"quant_method", "bitnet"},
      {"linear_class", linears == HfLinears::kPackedOver ? "bitlinear" : "autobitlinear"},
      {"quantization_mode", linears == HfLinears::kMasters ? "online" : "offline"}};
  return j;
}

}  // namespace tern::models
