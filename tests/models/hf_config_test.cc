// SPDX-License-Identifier: Apache-2.0
//
// State space: every field that decides about the numbers: absent, of each meaning, of another kind
// and of an impossible value; scaled RoPE against transformers' formula worked here in its steps.
// Parameters: none.

#include "models/hf_config.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <tuple>

#include "models/hf_checkpoint.h"
#include "tests/models/hf_files.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using nlohmann::json;

json base(bool bitnet = true) {
  Config c = tiny_config();
  c.sub_norms = bitnet;
  c.activation = bitnet ? Activation::kRelu2 : Activation::kSilu;
  return hf_config_json(c, HfLinears::kFloat);
}

HfConfig read(const json& j) { return read_hf_config(j.dump(), "config.json"); }

std::string message(const json& j) {
  try {
    read(j);
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    CHECK(text.starts_with("config.json: "));
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "";
}

std::string with(const char* field, const json& value, bool bitnet = true) {
  json j = base(bitnet);
  j[field] = value;
  return message(j);
}

TEST_CASE("a config has the shape of its fields", "[models]") {
  Config c = tiny_config();
  c.tied_head = false;
  json j = hf_config_json(c, HfLinears::kFloat);
  j["rope_theta"] = 500000.0;
  j["num_key_value_heads"] = 1;
  const HfConfig hf = read(j);
  CHECK(hf.config.architecture == "bitnet-b1.58");
  CHECK(hf.config.vocab == c.vocab);
  CHECK(hf.config.context == c.context);
  CHECK(hf.config.dim == c.dim);
  CHECK(hf.config.layers == c.layers);
  CHECK(hf.config.heads == c.heads);
  CHECK(hf.config.kv_heads == 1);
  CHECK(hf.config.head_dim == c.head_dim);
  CHECK(hf.config.ffn == c.ffn);
  CHECK(hf.config.rms_eps == 1e-5f);
  CHECK(hf.config.rope_theta == 500000.0f);
  CHECK(hf.config.activation == Activation::kRelu2);
  CHECK(hf.config.pairing == RopePairing::kHalfSplit);
  CHECK(hf.config.sub_norms);
  CHECK_FALSE(hf.config.tied_head);
  CHECK(hf.rope_divisors.empty());
  CHECK(hf.linears == HfLinears::kFloat);
}

TEST_CASE("architectures and activations", "[models]") {
  CHECK(read(base(false)).config.architecture == "llama");
  CHECK(read(base(false)).config.pairing == RopePairing::kHalfSplit);
  CHECK_FALSE(read(base(false)).config.sub_norms);
  json silu = base();
  silu["hidden_act"] = "silu";
  CHECK(read(silu).config.architecture == "bitnet");
  CHECK(read(silu).config.activation == Activation::kSilu);
  json mistral = base(false);
  mistral["architectures"] = {"MistralForCausalLM"};
  mistral["sliding_window"] = 50;
  CHECK(read(mistral).config.context == 50);  // nothing is beyond the window
  mistral["use_sliding_window"] = false;
  CHECK(read(mistral).config.context == tiny_config().context);
  mistral["sliding_window"] = nullptr;
  CHECK(read(mistral).config.context == tiny_config().context);
  CHECK_THAT(with("architectures", {"Qwen3ForCausalLM"}),
             Contains("architectures: is 'Qwen3ForCausalLM', expected one of BitNetForCausalLM"));
  CHECK_THAT(with("architectures", json::array()), Contains("architectures: expected a list"));
  CHECK_THAT(with("architectures", nullptr), Contains("architectures: the field is missing"));
  CHECK_THAT(with("hidden_act", "gelu"), Contains("hidden_act: is 'gelu', expected silu or relu2"));
}

TEST_CASE("what a config may leave out has transformers' default", "[models]") {
  json j = base(false);
  for (const char* field : {"num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta",
                            "tie_word_embeddings", "hidden_act"})
    j.erase(field);
  const Config c = read(j).config;
  CHECK(c.kv_heads == c.heads);
  CHECK(c.head_dim == c.dim / c.heads);
  CHECK(c.rms_eps == 1e-6f);
  CHECK(c.rope_theta == 10000.0f);
  CHECK_FALSE(c.tied_head);
  CHECK(c.activation == Activation::kSilu);
  for (const char* field : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                            "num_attention_heads", "max_position_embeddings"}) {
    json lacking = base();
    lacking.erase(field);
    CHECK_THAT(message(lacking), Contains(std::string(field) + ": the field is missing"));
    for (const json& wrong : {json("7"), json(-7), json(7.5), json::array(), json(true)})
      CHECK_THAT(with(field, wrong), Contains(std::string(field) + ": expected an integer"));
  }
}

TEST_CASE("fields that would change the numbers are refused by name", "[models]") {
  CHECK_THAT(with("attention_bias", true), Contains("attention_bias: is true"));
  CHECK_THAT(with("mlp_bias", true), Contains("mlp_bias: is true"));
  for (const char* field : {"qkv_bias", "use_bias", "rope_interleaved", "use_qk_norm"}) {
    CHECK_THAT(with(field, true), Contains(std::string(field) + ": is true"));
    CHECK(with(field, false).empty());
  }
  for (const auto& [field, changing, neutral] : {std::tuple{"partial_rotary_factor", 0.5, 1.0},
                                                 {"attn_logit_softcapping", 50.0, 0.0},
                                                 {"final_logit_softcapping", 30.0, 0.0},
                                                 {"logit_scale", 0.0625, 1.0},
                                                 {"logits_scaling", 8.0, 1.0},
                                                 {"embedding_multiplier", 12.0, 1.0},
                                                 {"residual_multiplier", 0.22, 1.0},
                                                 {"num_local_experts", 8.0, 0.0},
                                                 {"clip_qkv", 6.0, 0.0},
                                                 {"query_pre_attn_scalar", 256.0, 32.0},
                                                 {"attention_multiplier", 0.0078125, 0.17677669}}) {
    INFO(field);
    CHECK_THAT(with(field, changing), Contains(std::string("config.json: ") + field + ": is ") &&
                                          Contains("which changes the results"));
    CHECK(with(field, neutral).empty());
    CHECK(with(field, nullptr).empty());
  }
  CHECK_THAT(with("scale_depth", 1.4), Contains("scale_depth: scales residuals"));
  CHECK(with("layer_types", {"full_attention", "sliding_attention"}).empty());
  CHECK_THAT(with("layer_types", {"full_attention", "linear_attention"}),
             Contains("layer_types: expected a list of full_attention"));
  CHECK_THAT(with("model_type", "gpt2"),
             Contains("model_type: is 'gpt2', expected llama, mistral or bitnet"));
  for (const char* type : {"llama", "mistral", "bitnet"}) CHECK(with("model_type", type).empty());
  CHECK(with("model_type", nullptr).empty());
  CHECK_THAT(with("num_attention_heads", 0), Contains("num_attention_heads"));
  CHECK_THAT(with("num_attention_heads", 3), Contains("head_count"));
  CHECK_THAT(with("num_key_value_heads", 3), Contains("head_count_kv"));
  CHECK_THAT(with("head_dim", 7), Contains("even"));
  CHECK_THAT(with("hidden_size", 1 << 20), Contains("embedding_length"));
  CHECK_THAT(with("rms_norm_eps", -1.0), Contains("epsilon"));
  CHECK_THAT(with("rope_theta", 0.0), Contains("rope.freq_base"));
  CHECK_THAT(with("rope_theta", "x"), Contains("rope_theta: expected a number"));
  CHECK_THAT(with("tie_word_embeddings", 1), Contains("expected true or false"));
}

// As published, but for fields of tokens and training.
TEST_CASE("configs of released models are read", "[models]") {
  struct Released {
    const char* text;
    std::size_t context, head_dim;
  };
  const Released released[] = {
      // meta-llama/Llama-2-7b-hf
      {R"({"architectures":["LlamaForCausalLM"],"hidden_act":"silu","hidden_size":4096,
       "intermediate_size":11008,"max_position_embeddings":4096,"model_type":"llama",
       "num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":32,"pretraining_tp":1,
       "rms_norm_eps":1e-05,"rope_scaling":null,"tie_word_embeddings":false,"use_cache":true,
       "vocab_size":32000})",
       4096, 128},
      // meta-llama/Llama-3.2-1B
      {R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
       "head_dim":64,"hidden_act":"silu","hidden_size":2048,"intermediate_size":8192,
       "max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
       "num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"pretraining_tp":1,
       "rms_norm_eps":1e-05,"rope_scaling":{"factor":32.0,"high_freq_factor":4.0,
       "low_freq_factor":1.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},
       "rope_theta":500000.0,"tie_word_embeddings":true,"vocab_size":128256})",
       131072, 64},
      // mistralai/Mistral-7B-v0.1: its context ends with its window
      {R"({"architectures":["MistralForCausalLM"],"hidden_act":"silu","hidden_size":4096,
       "intermediate_size":14336,"max_position_embeddings":32768,"model_type":"mistral",
       "num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,
       "rms_norm_eps":1e-05,"rope_theta":10000.0,"sliding_window":4096,
       "tie_word_embeddings":false,"vocab_size":32000})",
       4096, 128},
      // HuggingFaceTB/SmolLM2-135M
      {R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
       "hidden_act":"silu","hidden_size":576,"intermediate_size":1536,"is_llama_config":true,
       "max_position_embeddings":8192,"model_type":"llama","num_attention_heads":9,
       "num_hidden_layers":30,"num_key_value_heads":3,"pretraining_tp":1,"rms_norm_eps":1e-05,
       "rope_interleaved":false,"rope_scaling":null,"rope_theta":100000,
       "tie_word_embeddings":true,"vocab_size":49152})",
       8192, 64},
      // microsoft/bitnet-b1.58-2B-4T
      {R"({"architectures":["BitNetForCausalLM"],"hidden_act":"relu2","hidden_size":2560,
       "intermediate_size":6912,"max_position_embeddings":4096,"model_type":"bitnet",
       "num_attention_heads":20,"num_hidden_layers":30,"num_key_value_heads":5,
       "rms_norm_eps":1e-05,"rope_theta":500000.0,"tie_word_embeddings":true,"vocab_size":128256,
       "quantization_config":{"quant_method":"bitnet","linear_class":"autobitlinear",
       "quantization_mode":"offline"}})",
       4096, 128},
  };
  for (const Released& r : released) {
    const Config c = read_hf_config(r.text, "config.json").config;
    CHECK(c.context == r.context);
    CHECK(c.head_dim == r.head_dim);
  }
}

TEST_CASE("the classes of linears", "[models]") {
  for (const HfLinears linears :
       {HfLinears::kFloat, HfLinears::kMasters, HfLinears::kPacked, HfLinears::kPackedOver})
    CHECK(read(hf_config_json(tiny_config(), linears)).linears == linears);
  const auto quantised = [](const char* field, const json& value) {
    json j = hf_config_json(tiny_config(), HfLinears::kPacked);
    j["quantization_config"][field] = value;
    return j;
  };
  // The defaults of transformers' BitNetQuantConfig.
  CHECK(read(quantised("linear_class", nullptr)).linears == HfLinears::kPackedOver);
  CHECK(read(quantised("quantization_mode", nullptr)).linears == HfLinears::kPacked);
  CHECK(message(quantised("modules_to_not_convert", {"lm_head"})).empty());
  CHECK_THAT(message(quantised("quant_method", "gptq")),
             Contains("quantization_config.quant_method: is 'gptq', expected bitnet"));
  CHECK_THAT(message(quantised("linear_class", "linear")), Contains("bitlinear or autobitlinear"));
  CHECK_THAT(message(quantised("quantization_mode", "x")), Contains("offline or online"));
  CHECK_THAT(message(quantised("use_rms_norm", true)), Contains("use_rms_norm: is true"));
  CHECK_THAT(message(quantised("modules_to_not_convert", {"q_proj"})), Contains("lm_head"));
  CHECK_THAT(with("quantization_config", 7), Contains("expected an object"));
  json online = hf_config_json(tiny_config(), HfLinears::kMasters);
  online["quantization_config"]["linear_class"] = "bitlinear";
  CHECK_THAT(message(online), Contains("quantization_mode: is online"));
}

TEST_CASE("scaled RoPE has the divisors of transformers", "[models]") {
  const auto scaled = [](const json& scaling, const char* field = "rope_scaling") {
    json j = base(false);
    j["head_dim"] = 64;
    j["rope_theta"] = 500000.0;
    j[field] = scaling;
    return j;
  };
  const json llama3 = {{"rope_type", "llama3"},
                       {"factor", 32.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  const std::vector<float> divisors = read(scaled(llama3)).rope_divisors;
  REQUIRE(divisors.size() == 32);
  std::size_t same = 0, slower = 0, between = 0;
  for (std::size_t j = 0; j < 32; ++j) {
    const double frequency = std::pow(500000.0, -static_cast<double>(j) / 32);
    const double wavelength = 2 * M_PI / frequency;
    double expected = frequency;
    if (wavelength > 8192 / 1.0) {
      expected = frequency / 32;
      ++slower;
    } else if (wavelength >= 8192 / 4.0) {
      const double smooth = (8192 / wavelength - 1) / (4 - 1);
      expected = (1 - smooth) * frequency / 32 + smooth * frequency;
      ++between;
    } else {
      ++same;
    }
    CHECK(frequency / static_cast<double>(divisors[j]) == Approx(expected).epsilon(1e-6));
  }
  CHECK((same > 0 && slower > 0 && between > 0));

  // transformers 5 has the base in there as well.
  json five = llama3;
  five["rope_theta"] = 500000.0;
  json j = scaled(five, "rope_parameters");
  j.erase("rope_theta");
  CHECK(read(j).rope_divisors == divisors);
  CHECK(read(j).config.rope_theta == 500000.0f);

  CHECK_THAT(message(scaled({{"rope_type", "default"}, {"partial_rotary_factor", 0.5}})),
             Contains("rope_scaling.partial_rotary_factor: is not 1"));
  CHECK(read(scaled({{"type", "linear"}, {"factor", 4.0}})).rope_divisors ==
        std::vector<float>(32, 4.0f));
  CHECK(read(scaled({{"rope_type", "default"}})).rope_divisors.empty());
  CHECK_THAT(message(scaled({{"rope_type", "yarn"}, {"factor", 4.0}})),
             Contains("rope_scaling.rope_type: is 'yarn', expected default, linear or llama3"));
  CHECK_THAT(message(scaled({{"type", "dynamic"}})), Contains("rope_scaling.type: is 'dynamic'"));
  CHECK_THAT(message(scaled({{"type", "linear"}})), Contains("factor: the field is missing"));
  CHECK_THAT(message(scaled({{"type", "linear"}, {"factor", 0}})), Contains("is not above 0"));
  for (const char* field :
       {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    json bad = llama3;
    bad.erase(field);
    CHECK_THAT(message(scaled(bad)), Contains(std::string(field) + ": the field is missing"));
    bad[field] = -1;
    CHECK_THAT(message(scaled(bad)), Contains(std::string(field) + ": is not above 0"));
  }
  json equal = llama3;
  equal["high_freq_factor"] = 1.0;
  CHECK_THAT(message(scaled(equal)), Contains("is not above low_freq_factor"));
}

TEST_CASE("what is no JSON or too deep or too long is refused", "[models]") {
  const auto text = [](const std::string& t) {
    try {
      read_hf_config(t, "c");
    } catch (const std::runtime_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK_THAT(text(""), Contains("c: is no JSON at byte"));
  CHECK_THAT(text("{"), Contains("c: is no JSON at byte"));
  CHECK_THAT(text("[]"), Contains("expected an object"));
  CHECK_THAT(text("{\"a\":1e999}"), Contains("c: has a number that is too large"));
  CHECK_THAT(text(std::string(100000, '[')), Contains("c: is nested deeper than 32 levels"));
  CHECK_THAT(text(std::string(2 << 20, ' ')), Contains("expected at most 1048576"));
}

TEST_CASE("an index names plain files", "[models]") {
  const auto read_index = [](const json& map) {
    return read_hf_index(json{{"weight_map", map}}.dump(), "index");
  };
  CHECK(read_index({{"a", "2.safetensors"}, {"b", "1.safetensors"}, {"c", "2.safetensors"}}) ==
        std::vector<std::string>{"1.safetensors", "2.safetensors"});
  for (const char* bad : {"../1.safetensors", "/1.safetensors", "a/1.safetensors", "1.bin", ""})
    CHECK_THROWS_WITH(read_index({{"a", bad}}), Contains("index: weight_map.a: is '"));
  CHECK_THROWS_WITH(read_index({{"a", 1}}), Contains("expected the name of a file"));
  CHECK_THROWS_WITH(read_index(json::object()), Contains("weight_map: names no file"));
  CHECK_THROWS_WITH(read_index(7), Contains("weight_map: expected an object"));
  CHECK_THROWS_WITH(read_hf_index("{}", "index"), Contains("weight_map: the field is missing"));
}

}  // namespace
}  // namespace tern::models
