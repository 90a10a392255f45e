// SPDX-License-Identifier: Apache-2.0
//
// Byte-level BPE as in GPT-2 (Radford et al. 2019, section 2.2; encoder.py) and LLaMA-3: text is
// cut into pieces (pre_tokenizer.h), the bytes of a piece are joined pair by pair. Every byte
// string can be encoded, and decodes to itself.

#include <array>
#include <stdexcept>

#include "models/pre_tokenizer.h"
#include "models/token_model.h"

namespace tern::models {
namespace {

bool is_plain_text(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined ||
         type == TokenType::kUnknown;
}

class ByteLevel : public TokenModel {
 public:
  ByteLevel(const TokenizerData& data, const TokenTable& table)
      : data_(data), table_(table), pre_(data.pre), merges_(0) {
    for (unsigned b = 0; b < 256; ++b) {
      const char byte = static_cast<char>(b);
      byte_tokens_[b] = table.find(to_byte_alphabet({&byte, 1}));
      if (byte_tokens_[b] == kNoToken)
        fail_tokenizer("tokens: no token for byte " + std::to_string(b));
    }
    merges_ = read_merges(data, table);
  }

  bool stands_alone(TokenType type) const override { return is_plain_text(type); }

  void encode(std::string_view text, bool first, EncodeScratch& scratch,
              std::vector<TokenId>& ids) const override {
    if (text.empty()) return;
    if (wants_blank(text, first)) {
      scratch.words.clear();
      scratch.text.assign(" ").append(text);
      text = scratch.text;
    }
    pre_.split(text, [&](std::string_view piece) {
      scratch.words.append(piece, ids, [&](std::string_view word, std::vector<TokenId>& out) {
        encode_piece(word, scratch.loop, out);
      });
    });
    if (text.data() == scratch.text.data()) scratch.words.clear();
  }

  std::string bytes(TokenId id) const override {
    return is_plain_text(data_.types[id]) ? data_.tokens[id] : from_byte_alphabet(data_.tokens[id]);
  }

  bool may_begin_with_prefix(TokenId) const override { return false; }  // it stays, as there

 private:
  bool wants_blank(std::string_view text, bool first) const {
    if (!data_.add_space_prefix) return false;
    if (data_.prefix_rule == PrefixRule::kAlways) return true;
    return text[0] != ' ' && (first || data_.prefix_rule == PrefixRule::kUnlessBlank);
  }

  void encode_piece(std::string_view piece, BpeLoop& loop, std::vector<TokenId>& ids) const {
    if (pre_.kind().ignore_merges) {
      const TokenId whole = table_.find(to_byte_alphabet(piece));
      if (whole != kNoToken && !is_plain_text(data_.types[whole])) return ids.push_back(whole);
    }
    loop.clear();
    for (std::size_t i = 0; i < piece.size(); ++i)
      loop.add(static_cast<std::uint32_t>(i), 1,
               byte_tokens_[static_cast<unsigned char>(piece[i])]);
    loop.run([this](const Symbol& left, const Symbol& right) {
      return merges_.find(left.id, right.id);
    });
    loop.each([&ids](const Symbol& symbol) { ids.push_back(symbol.id); });
  }

  const TokenizerData& data_;
  const TokenTable& table_;
  PreTokenizer pre_;
  PairTable merges_;
  std::array<TokenId, 256> byte_tokens_{};
};

}  // namespace

std::unique_ptr<TokenModel> make_byte_level(const TokenizerData& data, const TokenTable& table) {
  return std::make_unique<ByteLevel>(data, table);
}

}  // namespace tern::models
