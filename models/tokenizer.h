// SPDX-License-Identifier: Apache-2.0
//
// Byte-level BPE as in GPT-2 (Radford et al. 2019, section 2.2; encoder.py) and LLaMA-3: text is
// cut into pieces (pre_tokenizer.h), the bytes of a piece are joined pair by pair, lowest merge
// rank first and leftmost among equals. Every byte string can be encoded, and decodes to itself.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/pre_tokenizer.h"

namespace tern::models {

using TokenId = std::uint32_t;

enum class TokenType : std::int32_t {  // the numbers of tokenizer.ggml.token_type
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // special: found in text as a whole, not rendered by default
  kUserDefined = 4,  // special: found in text as a whole, always rendered
  kUnused = 5,
  kByte = 6,
};

// What a checkpoint says about its tokenizer. In model "gpt2" normal tokens and merges are in
// GPT-2's byte alphabet (to_byte_alphabet); special tokens are plain text.
struct TokenizerData {
  std::string model = "gpt2";  // tokenizer.ggml.model: "gpt2" or "llama"
  std::vector<std::string> tokens;
  std::vector<TokenType> types;     // one per token
  std::vector<float> scores;        // one per token in model "llama", or empty
  std::vector<std::string> merges;  // "left right", best rank first
  std::string pre = "gpt-2";        // tokenizer.ggml.pre
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<TokenId> unk;
  std::optional<TokenId> padding;
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;  // a blank before the text
  std::vector<TokenId> stops;     // a reply ends at any of these: eos, end of turn, ...
  std::string chat_template;      // Jinja; empty: none

  bool operator==(const TokenizerData&) const = default;
};

// GPT-2's printable spelling of bytes: printable Latin-1 stands for itself, the other 68 bytes are
// U+0100 and up, in order; all in UTF-8.
std::string to_byte_alphabet(std::string_view bytes);
// The inverse. Characters outside the alphabet stay as they are.
std::string from_byte_alphabet(std::string_view text);

class Tokenizer {
 public:
  // Throws std::runtime_error naming the field (tokenizer.ggml.*) that is wrong. Each of the 256
  // bytes must have its token.
  explicit Tokenizer(TokenizerData data);
  Tokenizer(Tokenizer&&) = default;  // no copies: ids_ points into data_
  Tokenizer& operator=(Tokenizer&&) = default;

  const TokenizerData& data() const { return data_; }
  std::size_t size() const { return data_.tokens.size(); }

  // Special tokens spelled out in the text become that token, as the reference does by default.
  // `add_special` puts the BOS token first where the checkpoint asks for it. Bytes that are not
  // UTF-8 split the text where they stand and are encoded like any other. Without `parse_special`
  // the text is ordinary throughout, whatever it spells.
  std::vector<TokenId> encode(std::string_view text, bool add_special,
                              bool parse_special = true) const;

  // Length and id of the special token that `text`, which is not empty, begins with; length 0:
  // none.
  std::pair<std::size_t, TokenId> special_at(std::string_view text) const;

  // The bytes of the tokens; control tokens render as nothing, or as their name. Ids < size().
  std::string decode(std::span<const TokenId> ids, bool render_special = false) const;

  // Throws std::runtime_error when there is no token of that spelling.
  TokenId id_of(std::string_view token) const;

 private:
  struct Merge {
    std::uint32_t rank;
    TokenId result;
  };
  using Cache = std::unordered_map<std::string_view, std::vector<TokenId>>;

  void encode_ordinary(std::string_view text, Cache& cache, std::vector<TokenId>& ids) const;
  void encode_piece(std::string_view piece, std::vector<TokenId>& ids) const;
  const Merge* merge_of(TokenId left, TokenId right) const;

  TokenizerData data_;
  PreTokenizer pre_;
  std::array<TokenId, 256> byte_tokens_{};
  std::unordered_map<std::string_view, TokenId> ids_;  // views into data_.tokens
  std::unordered_map<std::uint64_t, Merge> merges_;    // by left << 32 | right
  std::vector<std::string> bytes_;                     // what each token decodes to
  std::vector<TokenId> specials_;                      // longest first
  std::array<bool, 256> special_first_{};              // first bytes of the specials
};

}  // namespace tern::models
