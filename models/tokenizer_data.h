// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint says about its tokenizer, from whatever file it came (gguf_tokenizer.h,
// hf_tokenizer.h, sentencepiece.h). Tokenizer makes it work.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tern::models {

using TokenId = std::uint32_t;

enum class TokenType : std::int32_t {  // the numbers of tokenizer.ggml.token_type
  kNormal = 1,
  kUnknown = 2,      // stands for what the vocabulary cannot spell
  kControl = 3,      // special: found in text as a whole, not rendered by default
  kUserDefined = 4,  // special: found in text as a whole, always rendered
  kUnused = 5,
  kByte = 6,  // "<0x41>": one byte of what the vocabulary cannot spell
};

// When add_space_prefix puts a blank before a piece of text between special tokens.
enum class PrefixRule {
  kAlways,            // SentencePiece, "Prepend" of tokenizer.json
  kUnlessBlank,       // where it does not begin with one: "ByteLevel", "Metaspace" always
  kFirstUnlessBlank,  // the same, only at the start of the text: "Metaspace" first
};

// How a special token is found in text, where that differs from "as it is spelled".
struct AddedToken {
  TokenId id;
  bool lstrip = false, rstrip = false;  // the blanks before, behind it belong to it
  bool normalized = false;              // looked for in what the normaliser makes of the text

  bool operator==(const AddedToken&) const = default;
};

// In model "gpt2" normal tokens and merges are in GPT-2's byte alphabet (to_byte_alphabet), in
// model "llama" blanks are U+2581; special tokens are plain text in both.
struct TokenizerData {
  std::string model = "gpt2";  // tokenizer.ggml.model: a row of tokenizer_kinds()
  std::vector<std::string> tokens;
  std::vector<TokenType> types;     // one per token
  std::vector<float> scores;        // one per token in model "llama", the best merge is the highest
  std::vector<std::string> merges;  // "left right", best rank first; in "llama" instead of scores
  std::string pre = "gpt-2";        // tokenizer.ggml.pre, of model "gpt2"
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<TokenId> unk;
  std::optional<TokenId> padding;
  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;  // a blank before the text
  PrefixRule prefix_rule = PrefixRule::kAlways;
  bool fuse_unknown = true;       // a run of unknown characters is one unknown token
  std::vector<AddedToken> added;  // special tokens of unusual kinds, by rising id
  std::vector<TokenId> stops;     // a reply ends at any of these: eos, end of turn, ...; sorted
  std::string chat_template;      // Jinja; empty: none

  bool operator==(const TokenizerData&) const = default;
};

// Special tokens that end a turn or a text in released models, by spelling: what files do not say.
bool ends_a_reply(std::string_view token) noexcept;

// Fills stops: eos, `more`, and control tokens that end a reply by their spelling.
void find_stops(TokenizerData& data, const std::vector<TokenId>& more = {});

// Appends unused tokens "[PAD<id>]" until there are `size`: models have rows of embeddings that no
// token uses. Names that exist already get a further "_".
void pad_tokens(TokenizerData& data, std::size_t size);

// GPT-2's printable spelling of bytes: printable Latin-1 stands for itself, the other 68 bytes are
// U+0100 and up, in order; all in UTF-8.
std::string to_byte_alphabet(std::string_view bytes);
// The inverse. Characters outside the alphabet stay as they are.
std::string from_byte_alphabet(std::string_view text);

// A blank in SentencePiece's vocabularies: U+2581.
inline constexpr std::string_view kBlankMark = "\xE2\x96\x81";

}  // namespace tern::models
