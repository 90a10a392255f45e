// SPDX-License-Identifier: Apache-2.0
//
// How one kind of tokenizer cuts and joins text that holds no special token, and what its tokens
// stand for. A new kind is a new row in token_model.cc.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/bpe.h"
#include "models/token_table.h"
#include "models/tokenizer_data.h"

namespace tern::models {

// What encoding needs besides the model: kept from one part of a text to the next.
struct EncodeScratch {
  BpeLoop loop;
  WordCache words;
  std::string text;
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;

  // Whether tokens of that type are found in text as a whole, before encode() sees what is left.
  virtual bool stands_alone(TokenType type) const = 0;
  // `first`: nothing comes before it. scratch.words is empty or of the same text.
  virtual void encode(std::string_view text, bool first, EncodeScratch& scratch,
                      std::vector<TokenId>& ids) const = 0;
  virtual std::string bytes(TokenId id) const = 0;
  // Whether that token's first byte is a blank which encode() may have added to the text.
  virtual bool may_begin_with_prefix(TokenId id) const = 0;
};

struct TokenizerKind {
  std::string_view name;  // tokenizer.ggml.model
  std::string_view what;
  // Both are borrowed; data.types and data.scores fit the tokens.
  // Throws std::runtime_error naming the field (tokenizer.ggml.*).
  std::unique_ptr<TokenModel> (*make)(const TokenizerData& data, const TokenTable& table);
};

std::span<const TokenizerKind> tokenizer_kinds() noexcept;
const TokenizerKind& find_tokenizer_kind(std::string_view name);  // throws, listing the kinds

std::unique_ptr<TokenModel> make_byte_level(const TokenizerData& data, const TokenTable& table);
std::unique_ptr<TokenModel> make_sentencepiece(const TokenizerData& data, const TokenTable& table);

// The entries of data.merges by token; of those that join the same two the first counts.
// Throws std::runtime_error naming the first entry that is no merge.
PairTable read_merges(const TokenizerData& data, const TokenTable& table);

[[noreturn]] void fail_tokenizer(const std::string& what);  // "tokenizer.ggml." before it

}  // namespace tern::models
