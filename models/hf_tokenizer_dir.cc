// SPDX-License-Identifier: Apache-2.0
//
// The files of a directory put together.

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "models/error_line.h"
#include "models/gguf_tokenizer.h"
#include "models/hf_tokenizer.h"
#include "models/json_text.h"
#include "models/sentencepiece.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostConfigBytes = 1 << 24;

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

// The fields of a file that may be missing; then none.
class ConfigFile {
 public:
  ConfigFile(const std::string& directory, const char* name)
      : path_((fs::path(directory) / name).string()) {
    if (!fs::exists(path_)) return;
    const MappedFile file = map_file(path_);
    values_ = parse_json(text_of(file), path_, kMostConfigBytes);
    fields();  // an object
  }

  const std::string& path() const { return path_; }
  JsonFields fields() const { return JsonFields(values_, path_); }

 private:
  std::string path_;
  json values_ = json::object();
};

std::optional<TokenId> find_token(const TokenizerData& d, std::string_view token) {
  const auto found = std::find(d.tokens.begin(), d.tokens.end(), token);
  if (found == d.tokens.end()) return std::nullopt;
  return static_cast<TokenId>(found - d.tokens.begin());
}

// "bos_token": "<s>" or {"content": "<s>", ...}.
std::optional<std::string> name_in(const JsonFields& fields, const char* field) {
  const json* value = fields.find(field);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  return fields.object(field)->text("content");
}

// "eos_token_id": 2 or [2, 3].
std::vector<TokenId> ids_in(const JsonFields& fields, const char* field, const TokenizerData& d) {
  const json* value = fields.find(field);
  if (value == nullptr) return {};
  std::vector<TokenId> ids;
  for (const json& id : value->is_array() ? *value : json::array({*value})) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= d.tokens.size())
      fields.fail(field, "has what is no token's id");
    ids.push_back(id.get<TokenId>());
  }
  return ids;
}

std::string read_template(const JsonFields& config, const std::string& directory) {
  const std::string path = (fs::path(directory) / "chat_template.jinja").string();
  if (fs::exists(path)) return std::string(text_of(map_file(path)));
  const json* value = config.find("chat_template");
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) config.fail("chat_template", "expected a text or a list of them");
  for (const json& entry : *value) {  // of several named ones, the one for chats
    const JsonFields fields(entry, directory + "/tokenizer_config.json", "chat_template[].");
    if (fields.text("name", "") == "default") return fields.text("template");
  }
  return "";
}

// Tokens beside a tokenizer.model: those that SentencePiece has already, and further ones behind.
void add_tokens(const JsonFields& config, const std::string& where, TokenizerData& d) {
  const json* entries = config.find("added_tokens_decoder");
  if (entries == nullptr) return;
  if (!entries->is_object()) config.fail("added_tokens_decoder", "expected an object");
  std::vector<std::pair<std::uint64_t, JsonFields>> list;
  for (const auto& [key, entry] : entries->items()) {
    if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != key.npos)
      config.fail("added_tokens_decoder", "has a key that is no id: " + shown(key));
    list.emplace_back(std::stoull(key), JsonFields(entry, where, "added_tokens_decoder[]."));
  }
  std::sort(list.begin(), list.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [id, fields] : list) {
    const std::string content = fields.text("content");
    if (id > d.tokens.size() + list.size())
      fields.fail("content", shown(content) + " has id " + std::to_string(id) + ", but there are " +
                                 std::to_string(d.tokens.size()) + " tokens");
    const auto at = static_cast<std::size_t>(id);
    pad_tokens(d, at);
    const TokenType type =
        fields.boolean("special", false) ? TokenType::kControl : TokenType::kUserDefined;
    if (at == d.tokens.size()) {
      d.tokens.push_back(content);
      d.types.push_back(type);
      d.scores.push_back(0);
    } else if (d.tokens[at] != content) {
      fields.fail("content", shown(content) + " has the id of " + shown(d.tokens[at]));
    } else if (d.types[at] != TokenType::kUnknown) {
      d.types[at] = type;
    }
    if (fields.boolean("single_word", false) || fields.boolean("lstrip", false) ||
        fields.boolean("rstrip", false)) {
      if (fields.boolean("single_word", false))
        fields.fail("single_word", "is true, which is not supported");
      d.added.push_back({static_cast<TokenId>(id), fields.boolean("lstrip", false),
                         fields.boolean("rstrip", false), false});
    }
  }
}

void read_configs(const std::string& directory, bool sentencepiece, TokenizerData& d) {
  const ConfigFile tokenizer(directory, "tokenizer_config.json");
  const ConfigFile map(directory, "special_tokens_map.json");
  const ConfigFile generation(directory, "generation_config.json");
  const ConfigFile model(directory, "config.json");
  const JsonFields config = tokenizer.fields();
  if (sentencepiece) add_tokens(config, tokenizer.path(), d);

  const auto set = [&](const char* field, std::optional<TokenId>& id, bool must) {
    for (const JsonFields& fields : {config, map.fields()}) {
      const auto name = name_in(fields, field);
      if (!name) continue;
      const auto found = find_token(d, *name);
      if (!found && must) fields.fail(field, "'" + shown(*name) + "' is no token");
      if (found) id = found;
      return;
    }
  };
  const std::optional<TokenId> added_bos = d.add_bos && !sentencepiece ? d.bos : std::nullopt;
  const std::optional<TokenId> added_eos = d.add_eos ? d.eos : std::nullopt;
  set("bos_token", d.bos, true);
  set("eos_token", d.eos, true);
  set("pad_token", d.padding, false);
  std::vector<TokenId> stops = ids_in(generation.fields(), "eos_token_id", d);
  if (stops.empty()) stops = ids_in(model.fields(), "eos_token_id", d);
  if (!d.eos && !stops.empty()) d.eos = stops[0];
  for (const ConfigFile* file : {&generation, &model})
    if (const auto ids = ids_in(file->fields(), "bos_token_id", d); !d.bos && !ids.empty())
      d.bos = ids[0];
  // What the post-processor adds is what is added, by whatever name.
  if (added_bos) d.bos = added_bos;
  if (added_eos) d.eos = added_eos;
  // LLaMA's tokenizer class makes its post-processor anew, of these two.
  if (sentencepiece || config.text("tokenizer_class", "").starts_with("Llama")) {
    d.add_bos = config.boolean("add_bos_token", d.add_bos) && d.bos;
    d.add_eos = config.boolean("add_eos_token", d.add_eos) && d.eos;
  }
  d.chat_template = read_template(config, directory);
  find_stops(d, stops);
}

// The tokenizer of a directory whose tokenizer file holds `d`.
Tokenizer with_configs(const std::string& directory, bool sentencepiece, std::size_t vocab,
                       TokenizerData d) {
  read_configs(directory, sentencepiece, d);
  if (vocab != 0) name_every_id(d, vocab, (fs::path(directory) / "config.json").string());
  try {
    return Tokenizer(std::move(d));
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(error_line(directory, "tokenizer", e.what()));
  }
}

// By its name, else by its beginning: what an object or, by mistake, a list begins with begins no
// field of a SentencePiece model.
bool looks_like_json(const std::string& path, std::string_view text) {
  const std::string ending = fs::path(path).extension().string();
  if (ending == ".json" || ending == ".model") return ending == ".json";
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

std::optional<Tokenizer> read_hf_tokenizer(const std::string& directory, std::size_t vocab) {
  std::string path = (fs::path(directory) / "tokenizer.json").string();
  const bool json_file = fs::exists(path);
  if (!json_file) path = (fs::path(directory) / "tokenizer.model").string();
  if (!fs::exists(path)) return std::nullopt;
  const MappedFile file = map_file(path);
  const std::string_view text = text_of(file);
  TokenizerData d =
      json_file ? parse_tokenizer_json_data(text, path) : parse_sentencepiece_data(text, path);
  try {
    return with_configs(directory, !json_file, vocab, std::move(d));
  } catch (const std::runtime_error&) {
    // What is wrong with the file by itself is said of it, and comes first.
    (void)(json_file ? parse_tokenizer_json(text, path) : parse_sentencepiece(text, path));
    throw;
  }
}

void name_every_id(TokenizerData& t, std::size_t vocab, const std::string& where) {
  if (t.tokens.empty()) return;
  if (t.tokens.size() > vocab)
    throw std::runtime_error(where + ": vocab_size: is " + std::to_string(vocab) +
                             ", but the tokenizer has " + std::to_string(t.tokens.size()) +
                             " tokens");
  pad_tokens(t, vocab);
}

Tokenizer load_tokenizer(const std::string& path) {
  if (fs::is_directory(path)) {
    std::optional<Tokenizer> tokenizer = read_hf_tokenizer(path);
    if (!tokenizer)
      throw std::runtime_error(path +
                               ": neither tokenizer.json nor tokenizer.model in this directory");
    return std::move(*tokenizer);
  }
  const MappedFile file = map_file(path);
  const std::string_view text = text_of(file);
  if (text.starts_with("GGUF")) return read_gguf_tokenizer(Gguf::parse(file.bytes, path));
  if (looks_like_json(path, text)) return parse_tokenizer_json(text, path);
  return parse_sentencepiece(text, path);
}

}  // namespace tern::models
