// SPDX-License-Identifier: Apache-2.0
//
// Text to tokens and back, for every kind of tokenizer there is a row for (token_model.h): special
// tokens are found in the text, what is left goes to the kind, BOS and EOS are added as the
// checkpoint asks for it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/pre_tokenizer.h"
#include "models/token_model.h"
#include "models/token_table.h"
#include "models/tokenizer_data.h"

namespace tern::models {

class Tokenizer {
 public:
  // Throws std::runtime_error naming the field (tokenizer.ggml.*) that is wrong.
  explicit Tokenizer(TokenizerData data);
  Tokenizer(Tokenizer&&) = default;  // no copies: its tables point into its data
  Tokenizer& operator=(Tokenizer&&) = default;

  bool operator==(const Tokenizer& other) const { return *data_ == *other.data_; }

  const TokenizerData& data() const { return *data_; }
  TokenizerData take() && { return std::move(*data_); }  // checked by now
  std::size_t size() const { return data_->tokens.size(); }

  // Special tokens spelled out in the text become that token, as the reference does by default;
  // without `parse_special` control tokens are ordinary text. `add_special` puts the BOS token
  // first and the EOS token last where the checkpoint asks for it.
  // Any bytes can be encoded; those that are not UTF-8 split the text where they stand. All come
  // back from decode() in kind "gpt2", and in "llama" where it has byte tokens and one for the
  // blank, but for two things that are as in the reference: U+2581 comes back as a blank, and the
  // blank that goes before a text goes before what follows a control token as well, and stays.
  // Throws std::runtime_error for texts of 2^31 bytes and more.
  std::vector<TokenId> encode(std::string_view text, bool add_special,
                              bool parse_special = true) const;

  // The same, adding none, for a text in which special tokens are found within these parts only:
  // in order, apart.
  struct Part {
    std::size_t begin, end;
  };
  std::vector<TokenId> encode(std::string_view text, std::span<const Part> special_parts) const;

  // Length and id of the special token that `text`, which is not empty, begins with; length 0:
  // none.
  std::pair<std::size_t, TokenId> special_at(std::string_view text) const {
    return specials_.longest(text);
  }

  // The bytes of the tokens; control tokens render as nothing, or as their name. Ids < size().
  // The blank that encode() puts before a text in kind "llama" is left out again; for ids that
  // continue a text, and for one id at a time, see detokenizer.h.
  std::string decode(std::span<const TokenId> ids, bool render_special = false) const;

  // Throws std::runtime_error when there is no token of that spelling.
  TokenId id_of(std::string_view token) const;

  // What one token stands for. Id < size().
  std::string_view bytes_of(TokenId id) const;
  bool is_control(TokenId id) const { return data_->types[id] == TokenType::kControl; }
  bool may_begin_with_prefix(TokenId id) const { return model_->may_begin_with_prefix(id); }

 private:
  void find_specials();
  void encode_text(std::string_view text, std::span<const Part> special_parts,
                   std::vector<TokenId>& ids) const;

  std::unique_ptr<TokenizerData> data_;
  std::unique_ptr<const TokenTable> table_;
  std::unique_ptr<const TokenModel> model_;
  PrefixMatcher specials_;
  std::string bytes_;              // of all tokens, one after the other
  std::vector<std::size_t> ends_;  // where each one's end
};

}  // namespace tern::models
