// SPDX-License-Identifier: Apache-2.0

#include "models/hf_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/json_text.h"
#include "models/rope_scaling.h"

namespace tern::models {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

// What a class of transformers has in common with an architecture of ours, and what it takes for
// granted where config.json is silent (its configuration_*.py).
struct Class {
  std::string_view name;
  std::string_view silu, relu2;  // the architecture by hidden_act
  bool sub_norms;
  Activation activation;
  double rms_eps, rope_theta;
};
constexpr std::array kClasses = {
    Class{"BitNetForCausalLM", "bitnet", "bitnet-b1.58", true, Activation::kRelu2, 1e-5, 500000},
    Class{"LlamaForCausalLM", "llama", "llama", false, Activation::kSilu, 1e-6, 10000},
    // LLaMA but for a window.
    Class{"MistralForCausalLM", "llama", "llama", false, Activation::kSilu, 1e-6, 10000},
};

const Class& read_class(const JsonFields& json) {
  std::string names;
  for (const Class& c : kClasses) names += (names.empty() ? "" : ", ") + std::string(c.name);
  const nlohmann::json* list = json.find("architectures");
  if (list == nullptr) json.fail("architectures", "the field is missing");
  if (!list->is_array() || list->size() != 1 || !list->front().is_string())
    json.fail("architectures", "expected a list of one of " + names);
  const auto name = list->front().get<std::string>();
  for (const Class& c : kClasses)
    if (c.name == name) return c;
  json.fail("architectures", "is '" + name + "', expected one of " + names);
}

Activation read_activation(const JsonFields& json, const Class& by_class) {
  if (!json.has("hidden_act")) return by_class.activation;
  const std::string name = json.text("hidden_act");
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "relu2") return Activation::kRelu2;
  json.fail("hidden_act", "is '" + name + "', expected silu or relu2");
}

// transformers, modeling_rope_utils.py. Its version 5 has rope_parameters, which hold the base as
// well, where earlier ones have rope_scaling, whose rope_type was once "type".
void read_rope(const JsonFields& json, HfConfig& hf) {
  const auto parameters = json.object("rope_parameters");
  const auto scaling = parameters ? parameters : json.object("rope_scaling");
  if (parameters && parameters->has("rope_theta"))
    hf.config.rope_theta = static_cast<float>(parameters->real("rope_theta"));
  if (!scaling) return;
  if (scaling->real("partial_rotary_factor", 1) != 1)
    scaling->fail("partial_rotary_factor", "is not 1; heads are rotated in full");
  const auto above_0 = [&](const char* field) {
    const double value = scaling->real(field);
    if (!(value > 0)) scaling->fail(field, "is not above 0");
    return value;
  };
  const char* field = scaling->has("rope_type") ? "rope_type" : "type";
  const std::string type = scaling->text(field, "default");
  if (type == "default") return;
  if (type == "linear") {
    hf.rope_divisors = linear_rope_divisors(hf.config, above_0("factor"));
  } else if (type == "llama3") {
    Llama3Rope rope;
    rope.factor = above_0("factor");
    rope.low_freq_factor = above_0("low_freq_factor");
    rope.high_freq_factor = above_0("high_freq_factor");
    rope.original_context = above_0("original_max_position_embeddings");
    if (!(rope.low_freq_factor < rope.high_freq_factor))
      scaling->fail("high_freq_factor", "is not above low_freq_factor");
    hf.rope_divisors = llama3_rope_divisors(hf.config, rope);
  } else {
    scaling->fail(field, "is '" + type + "', expected default, linear or llama3");
  }
  for (const float divisor : hf.rope_divisors)
    if (!(divisor > 0) || !std::isfinite(divisor))
      scaling->fail("factor", "gives a frequency that is not finite");
}

// model_type of a configuration that makes one of those classes. The two are written together;
// where they are not, something else was meant.
void check_model_type(const JsonFields& json) {
  const std::string type = json.text("model_type", "llama");
  if (type != "llama" && type != "mistral" && type != "bitnet")
    json.fail("model_type", "is '" + type + "', expected llama, mistral or bitnet");
}

// Fields of transformers' other families, and of files made from them, that change what is
// computed, with the values that change nothing.
struct NeutralNumber {
  const char* field;
  double value;
};
constexpr NeutralNumber kNeutralNumbers[] = {
    {"partial_rotary_factor", 1},
    {"attn_logit_softcapping", 0},
    {"final_logit_softcapping", 0},
    {"logit_scale", 1},
    {"logits_scaling", 1},
    {"embedding_multiplier", 1},
    {"residual_multiplier", 1},
    {"scale_emb", 1},
    {"clip_qkv", 0},
    {"num_local_experts", 0},
    {"num_experts", 0},
    {"n_routed_experts", 0},
};
constexpr const char* kFalseFields[] = {
    "attention_bias", "mlp_bias", "qkv_bias", "use_bias",      "rope_interleaved",
    "use_qk_norm",    "qk_norm",  "alibi",    "parallel_attn", "use_parallel_residual"};

std::string json_number(double value) { return nlohmann::json(value).dump(); }

void refuse_what_changes_results(const JsonFields& json, const Config& c) {
  for (const char* field : kFalseFields)
    if (json.boolean(field, false)) json.fail(field, "is true, which is not supported");
  const auto refuse_unless = [&](const char* field, double neutral) {
    const double found = json.real(field, neutral);
    if (std::fabs(found - neutral) > 1e-5 * neutral)
      json.fail(field, "is " + json_number(found) +
                           ", which changes the results and is not supported; expected " +
                           json_number(neutral));
  };
  for (const NeutralNumber& n : kNeutralNumbers) refuse_unless(n.field, n.value);
  const double head_dim = static_cast<double>(c.head_dim);
  refuse_unless("attention_multiplier", 1 / std::sqrt(head_dim));
  refuse_unless("query_pre_attn_scalar", head_dim);
  if (json.has("scale_depth")) json.fail("scale_depth", "scales residuals, which is not supported");
  const nlohmann::json* types = json.find("layer_types");
  if (types != nullptr &&
      !(types->is_array() && std::all_of(types->begin(), types->end(), [](const auto& type) {
          return type == "full_attention" || type == "sliding_attention";
        })))
    json.fail("layer_types", "expected a list of full_attention and sliding_attention");
}

HfLinears read_quantization(const JsonFields& json) {
  const auto quantization = json.object("quantization_config");
  if (!quantization) return HfLinears::kFloat;
  const auto one_of = [&](const char* field, const std::string& otherwise, std::string_view a,
                          std::string_view b) {
    const std::string found = quantization->text(field, otherwise);
    if (found != a && found != b)
      quantization->fail(field, "is '" + found + "', expected " + std::string(a) +
                                    (a == b ? "" : " or " + std::string(b)));
    return found;
  };
  one_of("quant_method", "", "bitnet", "bitnet");
  const std::string linear = one_of("linear_class", "bitlinear", "bitlinear", "autobitlinear");
  const std::string mode = one_of("quantization_mode", "offline", "offline", "online");
  if (quantization->boolean("use_rms_norm", false))
    quantization->fail("use_rms_norm", "is true; a norm in every linear is not supported");
  if (const nlohmann::json* names = quantization->find("modules_to_not_convert")) {
    const bool head_alone =
        names->is_array() && std::all_of(names->begin(), names->end(),
                                         [](const auto& name) { return name == "lm_head"; });
    if (!head_alone)
      quantization->fail("modules_to_not_convert", "expected none but lm_head to stay as it is");
  }
  if (linear == "bitlinear") {
    if (mode == "online")
      quantization->fail("quantization_mode", "is online, which bitlinear does not have");
    return HfLinears::kPackedOver;
  }
  return mode == "online" ? HfLinears::kMasters : HfLinears::kPacked;
}

}  // namespace

HfConfig read_hf_config(std::string_view text, const std::string& where) {
  const nlohmann::json document = parse_json(text, where, kMostBytes);
  const JsonFields json(document, where);
  const Class& by_class = read_class(json);
  check_model_type(json);

  HfConfig hf;
  Config& c = hf.config;
  c.activation = read_activation(json, by_class);
  c.architecture = c.activation == Activation::kSilu ? by_class.silu : by_class.relu2;
  c.sub_norms = by_class.sub_norms;
  c.pairing = RopePairing::kHalfSplit;
  c.vocab = json.size("vocab_size");
  c.context = json.size("max_position_embeddings");
  // Nothing is out of a window in a context that is no longer.
  if (const std::size_t window = json.size("sliding_window", 0);
      window > 0 && json.boolean("use_sliding_window", true))
    c.context = std::min(c.context, window);
  c.dim = json.size("hidden_size");
  c.layers = json.size("num_hidden_layers");
  c.ffn = json.size("intermediate_size");
  c.heads = json.size("num_attention_heads");
  c.kv_heads = json.size("num_key_value_heads", c.heads);
  if (c.heads == 0) json.fail("num_attention_heads", "is 0");
  if (!json.has("head_dim") && c.dim % c.heads != 0)
    json.fail("num_attention_heads", "is " + std::to_string(c.heads) +
                                         ", which does not divide hidden_size, " +
                                         std::to_string(c.dim));
  c.head_dim = json.size("head_dim", c.dim / c.heads);
  refuse_what_changes_results(json, c);
  c.rms_eps = static_cast<float>(json.real("rms_norm_eps", by_class.rms_eps));
  c.rope_theta = static_cast<float>(json.real("rope_theta", by_class.rope_theta));
  c.tied_head = json.boolean("tie_word_embeddings", false);
  hf.linears = read_quantization(json);
  check(c, where);
  read_rope(json, hf);
  check(c, where);  // once more: its base may have come from there
  return hf;
}

}  // namespace tern::models
