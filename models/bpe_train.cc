// SPDX-License-Identifier: Apache-2.0

#include "models/bpe_train.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tern::models {

TokenizerData learn_bpe(std::string_view text, std::size_t vocab) {
  if (vocab < 258)
    throw std::runtime_error(fmt::format(
        "vocabulary of {} is too small: 256 bytes and 2 special tokens are always in it", vocab));
  TokenizerData data;
  for (int b = 0; b < 256; ++b)
    data.tokens.push_back(to_byte_alphabet(std::string(1, static_cast<char>(b))));

  std::map<std::string, std::size_t, std::less<>> counts;
  PreTokenizer(data.pre).split(text, [&counts](std::string_view piece) {
    const auto found = counts.find(piece);
    if (found != counts.end())
      ++found->second;
    else
      counts.emplace(piece, 1);
  });
  std::vector<std::pair<std::vector<std::string>, std::size_t>> words;
  for (const auto& [piece, count] : counts) {
    std::vector<std::string> letters;
    for (const char c : piece) letters.push_back(to_byte_alphabet(std::string(1, c)));
    words.emplace_back(std::move(letters), count);
  }

  while (data.tokens.size() + 2 < vocab) {
    std::map<std::pair<std::string, std::string>, std::size_t> pairs;
    for (const auto& [letters, count] : words)
      for (std::size_t i = 0; i + 1 < letters.size(); ++i)
        pairs[{letters[i], letters[i + 1]}] += count;
    auto best = pairs.begin();
    for (auto it = pairs.begin(); it != pairs.end(); ++it)
      if (it->second > best->second) best = it;
    if (best == pairs.end())
      throw std::runtime_error(fmt::format(
          "the text gives {} tokens, {} wanted: ask for a smaller vocabulary or give more text",
          data.tokens.size() + 2, vocab));
    const auto [left, right] = best->first;
    data.merges.push_back(left + " " + right);
    data.tokens.push_back(left + right);
    for (auto& [letters, count] : words) {
      std::vector<std::string> joined;
      for (std::size_t i = 0; i < letters.size(); ++i) {
        if (i + 1 < letters.size() && letters[i] == left && letters[i + 1] == right)
          joined.push_back(letters[i] + letters[i + 1]), ++i;
        else
          joined.push_back(std::move(letters[i]));
      }
      letters = std::move(joined);
    }
  }
  data.types.assign(data.tokens.size(), TokenType::kNormal);
  data.bos = static_cast<TokenId>(data.tokens.size());
  data.eos = *data.bos + 1;
  data.stops = {*data.eos};
  data.tokens.emplace_back(kBeginOfText);
  data.tokens.emplace_back(kEndOfText);
  data.types.insert(data.types.end(), 2, TokenType::kControl);
  data.add_bos = true;
  return data;
}

}  // namespace tern::models
