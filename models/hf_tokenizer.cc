// SPDX-License-Identifier: Apache-2.0

#include "models/hf_tokenizer.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "models/error_line.h"
#include "models/hf_pipeline.h"
#include "models/json_text.h"
#include "models/pre_tokenizer.h"
#include "models/tokenizer_json.h"

namespace tern::models {
namespace {

using nlohmann::json;

struct Added {
  std::uint64_t id;
  std::string content;
  bool special, lstrip, rstrip, normalized;
};

Added read_added(const JsonFields& entry, std::uint64_t id) {
  Added a{id,
          entry.text("content"),
          entry.boolean("special", false),
          entry.boolean("lstrip", false),
          entry.boolean("rstrip", false),
          false};
  a.normalized = entry.boolean("normalized", !a.special);
  if (a.content.empty()) entry.fail("content", "is empty");
  if (entry.boolean("single_word", false))
    entry.fail("single_word", "is true, which is not supported");
  return a;
}

std::vector<Added> read_added_tokens(const JsonFields& file, const std::string& where) {
  std::vector<Added> list;
  const json* entries = file.find("added_tokens");
  if (entries == nullptr) return list;
  if (!entries->is_array()) file.fail("added_tokens", "expected a list");
  for (const json& entry : *entries) {
    const JsonFields fields(entry, where, "added_tokens[].");
    list.push_back(read_added(fields, fields.size("id")));
  }
  return list;
}

// Puts every token in its place. Ids that nothing has become unused tokens, as rows of embeddings
// without a name do; no more of them than there are tokens, so that memory is bounded by the file.
class Places {
 public:
  Places(const std::string& where, std::size_t tokens) : where_(where), most_(2 * tokens + 1024) {}

  void put(TokenizerData& d, std::uint64_t id, std::string token, TokenType type) {
    if (id >= most_)
      throw std::runtime_error(error_line(
          where_, "model.vocab",
          shown(token) + " has id " + std::to_string(id) + ", too large for so few tokens"));
    const auto at = static_cast<std::size_t>(id);
    if (at >= taken_.size()) {
      taken_.resize(at + 1);
      d.tokens.resize(at + 1);
      d.types.resize(at + 1, TokenType::kUnused);
    }
    if (taken_[at] && d.tokens[at] != token)
      throw std::runtime_error(error_line(where_, "model.vocab",
                                          "id " + std::to_string(id) + " is of two tokens, " +
                                              shown(d.tokens[at]) + " and " + shown(token)));
    taken_[at] = true;
    d.tokens[at] = std::move(token);
    d.types[at] = type;
  }

  void fill(TokenizerData& d) const {
    for (std::size_t i = 0; i < taken_.size(); ++i)
      if (!taken_[i]) d.tokens[i] = "[PAD" + std::to_string(i) + "]";
  }

 private:
  const std::string& where_;
  std::size_t most_;
  std::vector<bool> taken_;
};

bool is_byte_name(const std::string& token) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return token.size() == 6 && token.starts_with("<0x") && hex(token[3]) && hex(token[4]) &&
         token[5] == '>';
}

void mark_added(TokenizerData& d, const Added& a, bool normalizes) {
  const auto id = static_cast<TokenId>(a.id);
  if (d.types[id] != TokenType::kUnknown)
    d.types[id] = a.special ? TokenType::kControl : TokenType::kUserDefined;
  const AddedToken unusual{id, a.lstrip, a.rstrip, a.normalized && normalizes};
  if (unusual != AddedToken{id, false, false, false}) d.added.push_back(unusual);
}

void refuse_unless_empty(const JsonFields& model, const char* field) {
  const json* value = model.find(field);
  if (value != nullptr && *value != "" && *value != 0)
    model.fail(field, "is set, which is not supported");
}

// A SentencePiece vocabulary without scores: what the merges say of the order of tokens, for files
// that have scores only. The earliest merge that gives a token counts. What is no merge gives none:
// Tokenizer refuses it.
void scores_from_merges(TokenizerData& d) {
  if (d.merges.empty()) return;
  const TokenTable table(d.tokens);
  d.scores.assign(d.tokens.size(), -static_cast<float>(d.merges.size()));
  for (std::size_t rank = d.merges.size(); rank-- > 0;) {
    std::string joined = d.merges[rank];
    joined.erase(std::min(joined.find(' '), joined.size()), 1);
    if (const TokenId id = table.find(joined); id != kNoToken)
      d.scores[id] = -static_cast<float>(rank);
  }
}

std::optional<TokenId> checked_id(const std::optional<std::uint64_t>& id, const TokenizerData& d,
                                  const std::string& where) {
  if (!id) return std::nullopt;
  if (*id >= d.tokens.size())
    throw std::runtime_error(error_line(where, "post_processor",
                                        "adds id " + std::to_string(*id) + ", which is no token"));
  return static_cast<TokenId>(*id);
}

}  // namespace

TokenizerData parse_tokenizer_json_data(std::string_view text, const std::string& where) {
  TokenizerJson file = read_tokenizer_json(text, where);
  const JsonFields fields(file.rest, where);
  const auto model = fields.object("model");
  if (!model) fields.fail("model", "the field is missing");
  if (const std::string type = model->text("type", "BPE"); type != "BPE")
    model->fail("type", "is '" + shown(type) + "', only BPE is supported");
  for (const char* field : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
    refuse_unless_empty(*model, field);
  if (file.vocab.empty()) model->fail("vocab", "expected an object of tokens and their ids");
  if (model->has("merges")) model->fail("merges", "expected a list");
  const HfPipeline pipeline = read_hf_pipeline(file.rest, where);
  const bool byte_fallback = model->boolean("byte_fallback", false);
  const std::string unknown = model->text("unk_token", std::string());
  const std::vector<Added> added = read_added_tokens(fields, where);

  TokenizerData d;
  d.model = pipeline.byte_level ? "gpt2" : "llama";
  Places places(where, file.vocab.size() + added.size());
  for (auto& [token, id] : file.vocab) {
    const bool is_unknown = !pipeline.byte_level && !unknown.empty() && token == unknown;
    const TokenType type = is_unknown                             ? TokenType::kUnknown
                           : byte_fallback && is_byte_name(token) ? TokenType::kByte
                                                                  : TokenType::kNormal;
    if (is_unknown) d.unk = static_cast<TokenId>(id);
    places.put(d, id, std::move(token), type);
  }
  for (const Added& a : added) {
    const bool is_unknown = !pipeline.byte_level && !unknown.empty() && a.content == unknown;
    if (is_unknown) d.unk = static_cast<TokenId>(a.id);
    places.put(d, a.id, a.content, is_unknown ? TokenType::kUnknown : TokenType::kNormal);
    mark_added(d, a, pipeline.normalizes);
  }
  places.fill(d);
  std::sort(d.added.begin(), d.added.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });

  d.merges = std::move(file.merges);
  d.add_space_prefix = pipeline.prefix;
  if (pipeline.prefix) d.prefix_rule = pipeline.rule;
  d.fuse_unknown = pipeline.byte_level || model->boolean("fuse_unk", false);
  if (pipeline.byte_level) {
    const PreTokenizerKind* pre =
        find_pre_tokenizer(pipeline.patterns, model->boolean("ignore_merges", false));
    if (pre == nullptr) {
      std::string names;
      for (const PreTokenizerKind& kind : pre_tokenizer_kinds())
        names += (names.empty() ? "" : ", ") + std::string(kind.name);
      fields.fail("pre_tokenizer",
                  "cuts text, or ignores merges, in a way that this program does not know; it "
                  "knows those of " +
                      names);
    }
    d.pre = pre->name;
  } else if (model->boolean("ignore_merges", false)) {
    model->fail("ignore_merges", "is true, which is not supported without ByteLevel");
  }
  d.bos = checked_id(pipeline.bos, d, where);
  d.eos = checked_id(pipeline.eos, d, where);
  d.add_bos = d.bos.has_value();
  d.add_eos = d.eos.has_value();
  find_stops(d);
  if (!pipeline.byte_level) scores_from_merges(d);
  return d;
}

Tokenizer parse_tokenizer_json(std::string_view text, const std::string& where) {
  TokenizerData d = parse_tokenizer_json_data(text, where);
  try {
    return Tokenizer(std::move(d));
  } catch (const std::runtime_error& e) {
    // The tokenizer's own messages have GGUF's names of fields.
    std::string_view what = e.what();
    constexpr std::string_view kPrefix = "tokenizer.ggml.";
    if (what.starts_with(kPrefix)) what.remove_prefix(kPrefix.size());
    throw std::runtime_error(error_line(where, "tokenizer", what));
  }
}

}  // namespace tern::models
