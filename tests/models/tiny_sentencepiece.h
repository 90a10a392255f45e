// SPDX-License-Identifier: Apache-2.0
//
// A small SentencePiece vocabulary, and tokenizer.model files written by hand.

#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer.h"

namespace tern::models {

struct Piece {
  std::string text;
  float score = 0;
  TokenType type = TokenType::kNormal;
};

inline std::string byte_piece(int b) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return {
      '<', '0', 'x', kHex[static_cast<std::size_t>(b) >> 4], kHex[static_cast<std::size_t>(b) & 15],
      '>'};
}

// <unk>, <s>, </s>, the byte tokens or none, then `pieces`.
inline std::vector<Piece> with_specials(const std::vector<Piece>& pieces, bool bytes = true) {
  std::vector<Piece> all = {{"<unk>", 0, TokenType::kUnknown},
                            {"<s>", 0, TokenType::kControl},
                            {"</s>", 0, TokenType::kControl}};
  for (int b = 0; bytes && b < 256; ++b) all.push_back({byte_piece(b), 0, TokenType::kByte});
  all.insert(all.end(), pieces.begin(), pieces.end());
  return all;
}

inline TokenizerData sentencepiece_data(const std::vector<Piece>& pieces, bool bytes = true) {
  TokenizerData d;
  d.model = "llama";
  for (const Piece& p : with_specials(pieces, bytes)) {
    d.tokens.push_back(p.text);
    d.scores.push_back(p.score);
    d.types.push_back(p.type);
  }
  d.unk = 0;
  d.bos = 1;
  d.eos = 2;
  d.stops = {2};
  d.add_bos = true;
  d.add_space_prefix = true;
  return d;
}

// A message of protobuf's wire format.
class Wire {
 public:
  Wire& number(unsigned field, std::uint64_t value) {
    varint(std::uint64_t{field} << 3);
    varint(value);
    return *this;
  }
  Wire& text(unsigned field, std::string_view value) {
    varint(std::uint64_t{field} << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Wire& real(unsigned field, float value) {
    varint(std::uint64_t{field} << 3 | 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(bits >> (8 * i));
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

inline Wire llama_trainer() { return Wire().number(3, 2).number(35, 1); }
inline Wire llama_normalizer() {
  return Wire().text(1, "identity").number(3, 1).number(4, 0).number(5, 1);
}

inline std::string model_file(const std::vector<Piece>& pieces,
                              const Wire& trainer = llama_trainer(),
                              const Wire& normalizer = llama_normalizer(), bool bytes = true) {
  Wire file;
  for (const Piece& p : with_specials(pieces, bytes))
    file.text(1, Wire()
                     .text(1, p.text)
                     .real(2, p.score)
                     .number(3, static_cast<std::uint64_t>(p.type))
                     .bytes());
  return file.text(2, trainer.bytes()).text(3, normalizer.bytes()).bytes();
}

}  // namespace tern::models
