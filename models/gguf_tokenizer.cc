// SPDX-License-Identifier: Apache-2.0

#include "models/gguf_tokenizer.h"

#include <limits>
#include <optional>
#include <stdexcept>

namespace tern::models {
namespace {

std::optional<TokenId> read_token(const Gguf& file, const std::string& key) {
  if (file.find(key) == nullptr) return std::nullopt;
  const std::uint64_t id = file.number(key);
  if (id > std::numeric_limits<TokenId>::max()) file.fail(key, "is no token");
  return static_cast<TokenId>(id);
}

}  // namespace

TokenizerData read_gguf_tokenizer(const Gguf& file) {
  const std::string prefix = "tokenizer.ggml.";
  if (const std::string& kind = file.text(prefix + "model"); kind != "gpt2")
    file.fail(prefix + "model", "is '" + kind + "', expected 'gpt2' (byte-level BPE)");
  TokenizerData d;
  d.tokens = file.strings(prefix + "tokens");
  d.merges = file.strings(prefix + "merges");
  const GgufArray& types = file.array(prefix + "token_type");
  const auto* numbers = std::get_if<std::vector<std::int64_t>>(&types.values);
  if (numbers == nullptr) file.fail(prefix + "token_type", "expected an array of signed integers");
  for (const std::int64_t type : *numbers) {
    if (type < 1 || type > 6)
      file.fail(prefix + "token_type", "has type " + std::to_string(type) + ", expected 1 to 6");
    d.types.push_back(TokenType{static_cast<std::int32_t>(type)});
  }
  // The released BitNet b1.58 2B4T names none and needs LLaMA-3's (formats.md 6.7).
  d.pre = file.find(prefix + "pre") != nullptr ? file.text(prefix + "pre") : "llama-bpe";
  d.bos = read_token(file, prefix + "bos_token_id");
  d.eos = read_token(file, prefix + "eos_token_id");
  d.add_bos = file.find(prefix + "add_bos_token") != nullptr
                  ? file.boolean(prefix + "add_bos_token")
                  : d.bos.has_value();
  if (d.eos) d.stops = {*d.eos};
  if (file.find("tokenizer.chat_template") != nullptr)
    d.chat_template = file.text("tokenizer.chat_template");
  try {
    const Tokenizer valid(d);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(file.where() + ": " + e.what());
  }
  return d;
}

}  // namespace tern::models
