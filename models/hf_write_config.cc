// SPDX-License-Identifier: Apache-2.0

#include "models/hf_write_config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/rope_scaling.h"

namespace tern::models {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& j) {
  return j.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// The shortest decimal that is that float again.
double decimal(float value) { return std::stod(fmt::format("{}", value)); }

ordered_json rope_scaling(const Config& c, const std::vector<float>& divisors) {
  if (divisors.empty()) return nullptr;
  if (const auto factor = find_linear_rope(divisors))
    return {{"rope_type", "linear"}, {"factor", decimal(*factor)}};
  const auto rope = find_llama3_rope(c, divisors);
  if (!rope)
    throw std::runtime_error(
        "tensor rope_freqs.weight: no rope_scaling of config.json gives these divisors; only GGUF "
        "files hold them");
  return {{"rope_type", "llama3"},
          {"factor", rope->factor},
          {"low_freq_factor", rope->low_freq_factor},
          {"high_freq_factor", rope->high_freq_factor},
          {"original_max_position_embeddings", static_cast<std::size_t>(rope->original_context)}};
}

ordered_json quantization(HfLinears linears) {
  const bool over = linears == HfLinears::kPackedOver;
  return {{"quant_method", "bitnet"},
          {"linear_class", over ? "bitlinear" : "autobitlinear"},
          {"quantization_mode", linears == HfLinears::kMasters ? "online" : "offline"}};
}

ordered_json id_json(const std::optional<TokenId>& id) {
  return id ? ordered_json(*id) : ordered_json(nullptr);
}

// One id, or all that end a reply.
ordered_json eos_json(const TokenizerData& t) {
  if (t.stops.size() > 1) return t.stops;
  return t.stops.empty() ? id_json(t.eos) : ordered_json(t.stops.front());
}

}  // namespace

std::string hf_config_text(const Config& c, const TokenizerData& tokenizer,
                           const std::vector<float>& rope_divisors, HfLinears linears,
                           std::string_view dtype) {
  const bool llama = c.architecture == "llama";
  ordered_json j = {
      {"architectures", {llama ? "LlamaForCausalLM" : "BitNetForCausalLM"}},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"bos_token_id", id_json(tokenizer.bos)},
      {"eos_token_id", eos_json(tokenizer)},
      {"head_dim", c.head_dim},
      {"hidden_act", c.activation == Activation::kRelu2 ? "relu2" : "silu"},
      {"hidden_size", c.dim},
      {"initializer_range", 0.02},
      {"intermediate_size", c.ffn},
      {"max_position_embeddings", c.context},
      {"model_type", llama ? "llama" : "bitnet"},
      {"num_attention_heads", c.heads},
      {"num_hidden_layers", c.layers},
      {"num_key_value_heads", c.kv_heads},
      {"rms_norm_eps", decimal(c.rms_eps)},
      {"rope_scaling", rope_scaling(c, rope_divisors)},
      {"rope_theta", decimal(c.rope_theta)},
      {"tie_word_embeddings", c.tied_head},
      {"torch_dtype", dtype},
      {"use_cache", true},
      {"vocab_size", c.vocab},
  };
  if (tokenizer.padding) j["pad_token_id"] = *tokenizer.padding;
  if (llama) j["mlp_bias"] = false;
  if (linears != HfLinears::kFloat) j["quantization_config"] = quantization(linears);
  return dump(j);
}

std::string hf_generation_config_text(const TokenizerData& tokenizer) {
  ordered_json j = {{"_from_model_config", true},
                    {"bos_token_id", id_json(tokenizer.bos)},
                    {"eos_token_id", eos_json(tokenizer)}};
  if (tokenizer.padding) j["pad_token_id"] = *tokenizer.padding;
  return dump(j);
}

std::string hf_tokenizer_config_text(const Config& c, const TokenizerData& t) {
  const auto token = [&](const std::optional<TokenId>& id) -> ordered_json {
    return id ? ordered_json(t.tokens[*id]) : ordered_json(nullptr);
  };
  ordered_json j = {{"add_bos_token", t.add_bos}, {"add_eos_token", t.add_eos},
                    {"bos_token", token(t.bos)},  {"clean_up_tokenization_spaces", false},
                    {"eos_token", token(t.eos)},  {"model_max_length", c.context}};
  if (t.padding) j["pad_token"] = token(t.padding);
  if (t.unk) j["unk_token"] = token(t.unk);
  if (t.model == "llama") j["legacy"] = true;
  j["tokenizer_class"] = t.model == "llama" ? "LlamaTokenizer" : "PreTrainedTokenizerFast";
  if (!t.chat_template.empty()) j["chat_template"] = t.chat_template;
  return dump(j);
}

}  // namespace tern::models
