// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "models/hf_write_config.h"

namespace tern::models {
namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& j) {
  return j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_added(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

ordered_json added_tokens(const TokenizerData& t) {
  ordered_json list = ordered_json::array();
  for (std::size_t id = 0; id < t.tokens.size(); ++id)
    if (is_added(t.types[id]))
      list.push_back({{"id", id},
                      {"content", t.tokens[id]},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", t.types[id] == TokenType::kControl}});
  return list;
}

ordered_json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

// GPT-2's pattern is what ByteLevel has of its own.
ordered_json pre_tokenizer(const PreTokenizerKind& kind) {
  if (kind.name == "gpt-2") return byte_level(true);
  ordered_json steps = ordered_json::array();
  for (const std::string_view pattern : {kind.pattern})
    steps.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", pattern}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  steps.push_back(byte_level(false));
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

ordered_json post_processor(const TokenizerData& t) {
  ordered_json special = ordered_json::object(), single = ordered_json::array(),
               pair = ordered_json::array();
  const auto token = [&](TokenId id, int type) -> ordered_json {
    special[t.tokens[id]] = {{"id", t.tokens[id]}, {"ids", {id}}, {"tokens", {t.tokens[id]}}};
    return {{"SpecialToken", {{"id", t.tokens[id]}, {"type_id", type}}}};
  };
  const auto add = [&](ordered_json& list, const char* sequence, int type) {
    if (t.add_bos && t.bos) list.push_back(token(*t.bos, type));
    list.push_back({{"Sequence", {{"id", sequence}, {"type_id", type}}}});
    if (t.add_eos && t.eos) list.push_back(token(*t.eos, type));
  };
  add(single, "A", 0);
  add(pair, "A", 0);
  add(pair, "B", 1);
  if (special.empty()) return byte_level(true);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", special}};
}

// Vocabulary and merges as text: as JSON values they would take ten times their bytes.
std::string tokenizer_json(const TokenizerData& t) {
  const PreTokenizer pre(t.pre);
  ordered_json j = {{"version", "1.0"},
                    {"truncation", nullptr},
                    {"padding", nullptr},
                    {"added_tokens", added_tokens(t)},
                    {"normalizer", nullptr},
                    {"pre_tokenizer", pre_tokenizer(pre.kind())},
                    {"post_processor", post_processor(t)},
                    {"decoder", byte_level(true)}};
  std::string text = dump(j);
  text.pop_back();
  text += R"(,"model":{"type":"BPE","dropout":null,"unk_token":null,)"
          R"("continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,)"
          R"("byte_fallback":false,"ignore_merges":)";
  text += pre.kind().ignore_merges ? "true" : "false";
  text += ",\"vocab\":{";
  bool first = true;
  for (std::size_t id = 0; id < t.tokens.size(); ++id) {
    if (is_added(t.types[id]) || t.types[id] == TokenType::kUnused) continue;
    text += (first ? "\n" : ",\n") + dump(t.tokens[id]) + ":" + std::to_string(id);
    first = false;
  }
  text += "},\"merges\":[";
  for (std::size_t i = 0; i < t.merges.size(); ++i) {
    const std::size_t blank = t.merges[i].find(' ');
    text += (i == 0 ? "\n[" : ",\n[") + dump(t.merges[i].substr(0, blank)) + "," +
            dump(t.merges[i].substr(blank + 1)) + "]";
  }
  return text + "]}}\n";
}

// Protocol buffers (protobuf.dev, encoding), as much as SentencePiece's model needs
// (sentencepiece_model.proto of github.com/google/sentencepiece).
class Message {
 public:
  void number(unsigned field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void real(unsigned field, float value) {
    varint(field << 3 | 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift);
  }
  void text(unsigned field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

std::string sentencepiece_model(const TokenizerData& t) {
  Message model;
  for (std::size_t id = 0; id < t.tokens.size(); ++id) {
    Message piece;
    piece.text(1, t.tokens[id]);
    piece.real(2, t.scores.empty() ? 0 : t.scores[id]);
    piece.number(3, static_cast<std::uint64_t>(t.types[id]));
    model.text(1, piece.bytes());
  }
  const auto id_of = [](const std::optional<TokenId>& id) {
    return id ? std::uint64_t{*id} : ~std::uint64_t{0};  // -1
  };
  const bool bytes = std::find(t.types.begin(), t.types.end(), TokenType::kByte) != t.types.end();
  Message trainer;
  trainer.number(3, 2);  // BPE
  trainer.number(4, t.tokens.size());
  trainer.number(35, bytes ? 1 : 0);  // byte_fallback
  trainer.number(40, id_of(t.unk));
  trainer.number(41, id_of(t.bos));
  trainer.number(42, id_of(t.eos));
  trainer.number(43, id_of(t.padding));
  model.text(2, trainer.bytes());
  Message normalizer;
  normalizer.text(1, "identity");
  normalizer.number(3, t.add_space_prefix ? 1 : 0);  // add_dummy_prefix
  normalizer.number(4, 0);                           // remove_extra_whitespaces
  normalizer.number(5, 1);                           // escape_whitespaces
  model.text(3, normalizer.bytes());
  return model.bytes();
}

}  // namespace

NamedText hf_tokenizer_file(const TokenizerData& t) {
  if (t.model == "gpt2") return {"tokenizer.json", tokenizer_json(t)};
  return {"tokenizer.model", sentencepiece_model(t)};
}

}  // namespace tern::models
