// SPDX-License-Identifier: Apache-2.0

#include "models/gguf_tokenizer.h"

#include <limits>
#include <optional>
#include <stdexcept>

#include "models/error_line.h"
#include "models/pre_tokenizer.h"

namespace tern::models {
namespace {

class Keys {
 public:
  explicit Keys(const Gguf& file) : file_(file) {}

  bool has(const std::string& name) const { return file_.find(key(name)) != nullptr; }
  std::string text(const std::string& name) const { return file_.text(key(name)); }
  const std::vector<std::string>& strings(const std::string& name) const {
    return file_.strings(key(name));
  }
  bool boolean(const std::string& name, bool otherwise) const {
    return has(name) ? file_.boolean(key(name)) : otherwise;
  }
  std::optional<TokenId> token(const std::string& name) const {
    if (!has(name)) return std::nullopt;
    const std::uint64_t id = file_.number(key(name));
    if (id > std::numeric_limits<TokenId>::max()) fail(name, "is no token");
    return static_cast<TokenId>(id);
  }
  template <typename T>
  const std::vector<T>& array(const std::string& name, const char* kind) const {
    const auto* values = std::get_if<std::vector<T>>(&file_.array(key(name)).values);
    if (values == nullptr) fail(name, "expected an array of " + std::string(kind));
    return *values;
  }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    file_.fail(key(name), what);
  }

 private:
  static std::string key(const std::string& name) { return "tokenizer.ggml." + name; }
  const Gguf& file_;
};

void read_types(const Keys& keys, TokenizerData& d) {
  for (const std::int64_t type : keys.array<std::int64_t>("token_type", "signed integers")) {
    if (type < 1 || type > 6)
      keys.fail("token_type", "has type " + std::to_string(type) + ", expected 1 to 6");
    d.types.push_back(TokenType{static_cast<std::int32_t>(type)});
  }
}

void read_gpt2(const Keys& keys, TokenizerData& d) {
  d.merges = keys.strings("merges");
  // The released BitNet b1.58 2B4T names none and needs LLaMA-3's (formats.md 6.7).
  d.pre = keys.has("pre") ? keys.text("pre") : "llama-bpe";
  d.prefix_rule = PrefixRule::kUnlessBlank;
  d.add_space_prefix = keys.boolean("add_space_prefix", false);
  if (!d.add_space_prefix) d.prefix_rule = PrefixRule::kAlways;
}

// What is missing is as llama.cpp has it (src/llama-vocab.cpp).
void read_llama(const Keys& keys, TokenizerData& d) {
  if (keys.boolean("remove_extra_whitespaces", false))
    keys.fail("remove_extra_whitespaces", "is true, which is not supported");
  if (keys.has("precompiled_charsmap"))
    keys.fail("precompiled_charsmap", "is set: no normaliser but the identity is supported");
  for (const double score : keys.array<double>("scores", "floats"))
    d.scores.push_back(static_cast<float>(score));
  d.add_space_prefix = keys.boolean("add_space_prefix", true);
}

}  // namespace

Tokenizer read_gguf_tokenizer(const Gguf& file) {
  const Keys keys(file);
  TokenizerData d;
  try {
    d.model = keys.text("model");
    find_tokenizer_kind(d.model);
  } catch (const std::runtime_error& e) {
    const std::string_view what = e.what();
    if (what.starts_with(file.where())) throw;
    throw std::runtime_error(one_line(file.where() + ": " + e.what()));
  }
  d.tokens = keys.strings("tokens");
  read_types(keys, d);
  if (d.model == "gpt2")
    read_gpt2(keys, d);
  else
    read_llama(keys, d);
  d.bos = keys.token("bos_token_id");
  d.eos = keys.token("eos_token_id");
  d.unk = keys.token("unknown_token_id");
  d.padding = keys.token("padding_token_id");
  // Nothing here pads, and files of fine-tuned models name tokens that they do not have.
  if (d.padding && *d.padding >= d.tokens.size()) d.padding.reset();
  d.add_bos = keys.boolean("add_bos_token", d.bos.has_value());
  d.add_eos = keys.boolean("add_eos_token", false);
  std::vector<TokenId> stops;
  for (const char* name : {"eot_token_id", "eom_token_id"})
    if (const auto id = keys.token(name)) stops.push_back(*id);
  find_stops(d, stops);
  if (file.find("tokenizer.chat_template") != nullptr)
    d.chat_template = file.text("tokenizer.chat_template");
  try {
    return Tokenizer(std::move(d));
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(one_line(file.where() + ": " + e.what()));
  }
}

}  // namespace tern::models
