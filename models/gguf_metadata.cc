// SPDX-License-Identifier: Apache-2.0

#include "models/gguf_metadata.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "kernels/formats/tl.h"
#include "models/architecture.h"

namespace tern::models {
namespace {

// llama_ftype of llama.h; 38 to 40 are bitnet.cpp's.
struct FormatRow {
  std::string_view name;  // of kernels/formats
  std::uint32_t file_type;
};
constexpr std::array kFormats = {
    FormatRow{"f32", 0},       FormatRow{"f16", 1},   FormatRow{"q4_0", 2},  FormatRow{"q8_0", 7},
    FormatRow{"q4_k", 14},     FormatRow{"q6_k", 18}, FormatRow{"bf16", 32}, FormatRow{"tq1_0", 36},
    FormatRow{"tq2_0", 37},    FormatRow{"tl1", 38},  FormatRow{"tl2", 39},  FormatRow{"i2_s", 40},
    FormatRow{"i2_s_arm", 40},
};

const FormatRow& find_format(std::string_view name) {
  std::string names;
  for (const FormatRow& row : kFormats) {
    if (!find_tensor_type(row.name)) continue;
    if (row.name == name) return row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw std::runtime_error("GGUF files hold no format '" + std::string(name) +
                           "', expected one of " + names);
}

std::uint32_t narrow(std::size_t n) { return static_cast<std::uint32_t>(n); }

void check_architecture(const Config& c) {
  const Architecture* a = find_architecture(c.architecture);
  if (a == nullptr)
    throw std::runtime_error("general.architecture: no architecture '" + c.architecture + "'");
  if (a->activation != c.activation || a->pairing != c.pairing || a->sub_norms != c.sub_norms)
    throw std::runtime_error(
        "general.architecture: activation, RoPE pairing or sub-norms are not "
        "those of " +
        c.architecture);
}

// llama.cpp knows model "llama" by scores alone: where merges are there instead, a token's is minus
// the rank of the first merge that makes it, which joins the same pairs in the same order.
std::vector<float> scores_of(const TokenizerData& t) {
  if (t.model != "llama" || !t.scores.empty()) return t.scores;
  std::unordered_map<std::string, std::size_t> ranks;
  for (std::size_t rank = 0; rank < t.merges.size(); ++rank) {
    std::string token = t.merges[rank];
    token.erase(token.find(' '), 1);
    ranks.emplace(std::move(token), rank);
  }
  std::vector<float> scores;
  for (const std::string& token : t.tokens) {
    const auto found = ranks.find(token);
    scores.push_back(found == ranks.end() ? 0 : -static_cast<float>(found->second));
  }
  return scores;
}

}  // namespace

std::uint32_t gguf_file_type(std::string_view linears) { return find_format(linears).file_type; }

TensorType gguf_tensor_type(std::string_view format) {
  return *find_tensor_type(find_format(format).name);
}

void check_gguf_shape(std::string_view format, std::size_t rows, std::size_t cols,
                      const std::string& tensor) {
  if ((format == "tl1" || format == "tl2") && kernels::find_tl_preset(rows, cols) == nullptr)
    throw std::runtime_error(
        "tensor " + tensor + ": " + std::to_string(rows) + " x " + std::to_string(cols) +
        " has no preset of tiles, so readers could not "
        "know how " +
        std::string(format) + " cuts it; bitnet.cpp refuses it as well: choose another format");
}

void check_metadata(const Config& c, const TokenizerData& tokenizer) {
  check(c, c.architecture);
  check_architecture(c);
  if (tokenizer.tokens.size() != c.vocab)
    throw std::runtime_error("tokenizer.ggml.tokens has " +
                             std::to_string(tokenizer.tokens.size()) + " entries, vocab_size is " +
                             std::to_string(c.vocab));
  const Tokenizer valid(tokenizer);
}

GgufValues gguf_metadata(const Config& c, const TokenizerData& t, std::uint32_t file_type) {
  const std::string a = c.architecture + ".";
  const std::string k = "tokenizer.ggml.";
  GgufValues v = {
      {"general.architecture", GgufValue::string(c.architecture)},
      {"general.name", GgufValue::string(c.name)},
      {a + "vocab_size", GgufValue::u32(narrow(c.vocab))},
      {a + "context_length", GgufValue::u32(narrow(c.context))},
      {a + "embedding_length", GgufValue::u32(narrow(c.dim))},
      {a + "block_count", GgufValue::u32(narrow(c.layers))},
      {a + "feed_forward_length", GgufValue::u32(narrow(c.ffn))},
      {a + "rope.dimension_count", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.head_count", GgufValue::u32(narrow(c.heads))},
      {a + "attention.head_count_kv", GgufValue::u32(narrow(c.kv_heads))},
      {a + "attention.key_length", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.value_length", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.layer_norm_rms_epsilon", GgufValue::f32(c.rms_eps)},
      {a + "rope.freq_base", GgufValue::f32(c.rope_theta)},
      {"general.file_type", GgufValue::u32(file_type)},
      {"general.quantization_version", GgufValue::u32(2)},
      {k + "model", GgufValue::string(t.model)},
      // llama.cpp's converter says so of SentencePiece models, which have no pre-tokenizer.
      {k + "pre", GgufValue::string(t.model == "gpt2" ? t.pre : "default")},
      {k + "tokens", GgufValue::strings(t.tokens)},
  };
  const std::vector<float> scores = scores_of(t);
  if (!scores.empty())
    v.emplace_back(
        k + "scores",
        GgufValue{GgufType::kArray,
                  GgufArray{GgufType::kF32, std::vector<double>(scores.begin(), scores.end())}});
  std::vector<std::int64_t> types;
  for (const TokenType type : t.types) types.push_back(static_cast<std::int32_t>(type));
  v.emplace_back(k + "token_type", GgufValue::i32s(std::move(types)));
  if (t.model == "gpt2") v.emplace_back(k + "merges", GgufValue::strings(t.merges));
  const auto token = [&](const char* key, const std::optional<TokenId>& id) {
    if (id) v.emplace_back(k + key, GgufValue::u32(*id));
  };
  token("bos_token_id", t.bos);
  // Where the key is missing llama.cpp ends replies at token 11 ("gpt2": a comma) or 2 ("llama").
  const std::optional<TokenId> eos = t.eos || t.stops.empty() ? t.eos : t.stops.front();
  token("eos_token_id", eos);
  // Further stops have two keys. Where a message ends but not the turn (LLaMA-3.1's calls of tools)
  // is told by its spelling.
  for (const TokenId id : t.stops) {
    const bool message = t.tokens[id] == "<|eom_id|>";
    const std::string key = k + (message ? "eom_token_id" : "eot_token_id");
    const bool there =
        std::any_of(v.begin(), v.end(), [&](const auto& e) { return e.first == key; });
    if (id != eos && !there) v.emplace_back(key, GgufValue::u32(id));
  }
  token("unknown_token_id", t.unk);
  token("padding_token_id", t.padding);
  v.emplace_back(k + "add_bos_token", GgufValue::boolean(t.add_bos));
  if (t.add_eos) v.emplace_back(k + "add_eos_token", GgufValue::boolean(true));
  if (t.model == "llama" || t.add_space_prefix)
    v.emplace_back(k + "add_space_prefix", GgufValue::boolean(t.add_space_prefix));
  if (!t.chat_template.empty())
    v.emplace_back("tokenizer.chat_template", GgufValue::string(t.chat_template));
  return v;
}

}  // namespace tern::models
