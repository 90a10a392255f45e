// SPDX-License-Identifier: Apache-2.0

#include "models/tokenizer_data.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "models/utf8.h"

namespace tern::models {
namespace {

// Names as llama.cpp's src/llama-vocab.cpp collects them from released models, without those that
// end only a tool's call.
constexpr std::string_view kEnds[] = {"</s>",
                                      "<|eot_id|>",
                                      "<|eom_id|>",
                                      "<|end_of_text|>",
                                      "<|endoftext|>",
                                      "<|im_end|>",
                                      "<end_of_turn>",
                                      "<|end|>",
                                      "<EOT>",
                                      "_<EOT>",
                                      "<eos>",
                                      "[EOT]",
                                      "[EOS]",
                                      "<end_of_utterance>",
                                      "<\xEF\xBD\x9C"
                                      "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>"};

// Code point of each byte in the alphabet, all below U+0800: at most two bytes of UTF-8.
std::array<unsigned, 256> make_alphabet() {
  std::array<unsigned, 256> code{};
  unsigned next = 256;
  for (unsigned b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    code[b] = printable ? b : next++;
  }
  return code;
}

const std::array<unsigned, 256>& alphabet() {
  static const std::array<unsigned, 256> code = make_alphabet();
  return code;
}

}  // namespace

bool ends_a_reply(std::string_view token) noexcept {
  return std::find(std::begin(kEnds), std::end(kEnds), token) != std::end(kEnds);
}

void find_stops(TokenizerData& data, const std::vector<TokenId>& more) {
  std::vector<TokenId> stops = more;
  if (data.eos) stops.push_back(*data.eos);
  for (std::size_t i = 0; i < data.tokens.size() && i < data.types.size(); ++i)
    if (data.types[i] == TokenType::kControl && ends_a_reply(data.tokens[i]))
      stops.push_back(static_cast<TokenId>(i));
  std::sort(stops.begin(), stops.end());
  stops.erase(std::unique(stops.begin(), stops.end()), stops.end());
  data.stops = std::move(stops);
}

void pad_tokens(TokenizerData& data, std::size_t size) {
  if (data.tokens.size() >= size) return;
  std::unordered_set<std::string_view> taken;
  for (const std::string& token : data.tokens)
    if (token.starts_with("[PAD")) taken.insert(token);
  std::vector<std::string> names;
  for (std::size_t i = data.tokens.size(); i < size; ++i) {
    std::string name = "[PAD" + std::to_string(i) + "]";
    while (taken.contains(name)) name += '_';
    names.push_back(std::move(name));
  }
  data.tokens.insert(data.tokens.end(), std::make_move_iterator(names.begin()),
                     std::make_move_iterator(names.end()));
  data.types.resize(size, TokenType::kUnused);
  if (!data.scores.empty()) data.scores.resize(size, 0.0f);
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const unsigned code = alphabet()[static_cast<unsigned char>(c)];
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return text;
}

std::string from_byte_alphabet(std::string_view text) {
  static const std::array<int, 512> byte_of = [] {
    std::array<int, 512> inverse{};
    inverse.fill(-1);
    for (unsigned b = 0; b < 256; ++b) inverse[alphabet()[b]] = static_cast<int>(b);
    return inverse;
  }();
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_char(text), 1);
    unsigned code = 512;
    if (length == 1) code = static_cast<unsigned char>(text[0]);
    if (length == 2)
      code = (static_cast<unsigned>(text[0] & 0x1F) << 6) | static_cast<unsigned>(text[1] & 0x3F);
    if (code < 512 && (length == 2 || code < 0x80) && byte_of[code] >= 0)
      bytes += static_cast<char>(byte_of[code]);
    else
      bytes += text.substr(0, length);
    text.remove_prefix(length);
  }
  return bytes;
}

}  // namespace tern::models
