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
  for (std::size_t id = 0; id < t.tokens.size(); ++id) {
    if (!is_added(t.types[id])) continue;
    const auto unusual = std::find_if(t.added.begin(), t.added.end(),
                                      [&](const AddedToken& added) { return added.id == id; });
    const AddedToken how = unusual == t.added.end() ? AddedToken{} : *unusual;
    list.push_back({{"id", id},
                    {"content", t.tokens[id]},
                    {"single_word", false},
                    {"lstrip", how.lstrip},
                    {"rstrip", how.rstrip},
                    {"normalized", how.normalized},
                    {"special", t.types[id] == TokenType::kControl}});
  }
  return list;
}

ordered_json byte_level(bool prefix, bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", prefix},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

ordered_json sequence(const char* list, ordered_json steps) {
  return {{"type", "Sequence"}, {list, std::move(steps)}};
}

// What turns text into pieces and pieces into text, per kind.
struct Pipeline {
  ordered_json normalizer, pre_tokenizer, decoder;
};

// GPT-2's pattern is what ByteLevel has of its own.
Pipeline byte_level_pipeline(const TokenizerData& t, const PreTokenizerKind& kind) {
  ordered_json pre = byte_level(t.add_space_prefix, true);
  if (kind.name != "gpt-2") {
    ordered_json steps = ordered_json::array();
    for (const std::string_view pattern : kind.patterns)
      if (!pattern.empty())
        steps.push_back({{"type", "Split"},
                         {"pattern", {{"Regex", pattern}}},
                         {"behavior", "Isolated"},
                         {"invert", false}});
    steps.push_back(byte_level(t.add_space_prefix, false));
    pre = sequence("pretokenizers", steps);
  }
  return {nullptr, pre, byte_level(true, true)};
}

// As transformers converts SentencePiece's: U+2581 for blanks, bytes where the vocabulary ends.
Pipeline blank_mark_pipeline(const TokenizerData& t) {
  const ordered_json mark = {
      {"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kBlankMark}};
  const ordered_json blank = {
      {"type", "Replace"}, {"pattern", {{"String", kBlankMark}}}, {"content", " "}};
  ordered_json decoders = {blank, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (t.add_space_prefix)
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  if (t.add_space_prefix && t.prefix_rule != PrefixRule::kAlways)
    return {nullptr,
            {{"type", "Metaspace"},
             {"replacement", kBlankMark},
             {"prepend_scheme", t.prefix_rule == PrefixRule::kUnlessBlank ? "always" : "first"},
             {"split", false}},
            sequence("decoders", decoders)};
  ordered_json normalizers = ordered_json::array();
  if (t.add_space_prefix) normalizers.push_back({{"type", "Prepend"}, {"prepend", kBlankMark}});
  normalizers.push_back(mark);
  return {sequence("normalizers", normalizers), nullptr, sequence("decoders", decoders)};
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
  if (special.empty()) return nullptr;
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", special}};
}

bool has_byte_tokens(const TokenizerData& t) {
  return std::find(t.types.begin(), t.types.end(), TokenType::kByte) != t.types.end();
}

// Vocabulary and merges as text: as JSON values they would take ten times their bytes.
std::string tokenizer_json(const TokenizerData& t) {
  const bool bytes = t.model == "gpt2";
  const PreTokenizerKind* kind = bytes ? &find_pre_tokenizer(t.pre) : nullptr;
  const Pipeline pipeline = bytes ? byte_level_pipeline(t, *kind) : blank_mark_pipeline(t);
  const ordered_json j = {{"version", "1.0"},
                          {"truncation", nullptr},
                          {"padding", nullptr},
                          {"added_tokens", added_tokens(t)},
                          {"normalizer", pipeline.normalizer},
                          {"pre_tokenizer", pipeline.pre_tokenizer},
                          {"post_processor", post_processor(t)},
                          {"decoder", pipeline.decoder}};
  std::string text = dump(j);
  text.pop_back();
  text += R"(,"model":{"type":"BPE","dropout":null,"continuing_subword_prefix":null,)"
          R"("end_of_word_suffix":null,"unk_token":)";
  text += t.unk ? dump(t.tokens[*t.unk]) : "null";
  text += std::string(",\"fuse_unk\":") + (!bytes && t.fuse_unknown ? "true" : "false");
  text += std::string(",\"byte_fallback\":") + (!bytes && has_byte_tokens(t) ? "true" : "false");
  text += std::string(",\"ignore_merges\":") + (bytes && kind->ignore_merges ? "true" : "false");
  text += ",\"vocab\":{";
  bool first = true;
  for (std::size_t id = 0; id < t.tokens.size(); ++id) {
    if (bytes && is_added(t.types[id])) continue;
    if (t.types[id] == TokenType::kUnused && t.tokens[id].starts_with("[PAD")) continue;
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
  Message trainer;
  trainer.number(3, 2);  // BPE
  trainer.number(4, t.tokens.size());
  trainer.number(35, has_byte_tokens(t) ? 1 : 0);  // byte_fallback
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
  if (t.model == "llama" && t.merges.empty()) return {"tokenizer.model", sentencepiece_model(t)};
  return {"tokenizer.json", tokenizer_json(t)};
}

}  // namespace tern::models
