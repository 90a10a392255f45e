// SPDX-License-Identifier: Apache-2.0

#include "models/synth_tokenizer.h"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "models/bpe_train.h"
#include "models/train.h"

namespace tern::models {
namespace {

constexpr std::size_t kSmallest = 512;
constexpr double kMergesPerToken = 280147.0 / 127744.0;  // formats.md 6.7
constexpr std::size_t kLearned = 768;  // tokens that the stories give: 960 of them would be all

// Grows a vocabulary: every token is a byte or two earlier tokens joined.
class Vocabulary {
 public:
  explicit Vocabulary(std::size_t size) : size_(size) {
    ids_.reserve(size);
    for (int b = 0; b < 256; ++b) add(to_byte_alphabet(std::string(1, static_cast<char>(b))));
  }

  bool full() const { return tokens_.size() == size_; }
  bool has(const std::string& token) const { return ids_.contains(token); }
  const std::vector<std::string>& tokens() const { return tokens_; }

  // Joins letter by letter, so that every beginning of the word is a token as well.
  void add_word(const std::string& bytes) {
    std::string token;
    for (const char c : bytes) {
      token += to_byte_alphabet(std::string(1, c));
      add(token);
    }
  }
  void add(const std::string& token) {
    if (!full() && ids_.emplace(token, tokens_.size()).second) tokens_.push_back(token);
  }

  // Every way to make a token of two others, by the token made, as the converters of LLaMA-3's
  // vocabulary list them; ways beyond the first only while there is room for them.
  std::vector<std::string> merges() const {
    const auto most = static_cast<std::size_t>(kMergesPerToken * static_cast<double>(size_ - 256));
    std::vector<std::vector<std::pair<std::size_t, std::size_t>>> ways(size_);
    std::size_t spare = most - (size_ - 256);
    for (std::size_t id = 256; id < size_; ++id) {
      const std::string& token = tokens_[id];
      for (std::size_t cut = 1; cut < token.size(); ++cut) {
        const auto left = ids_.find(token.substr(0, cut)), right = ids_.find(token.substr(cut));
        if (left != ids_.end() && right != ids_.end() && left->second < id && right->second < id)
          ways[id].emplace_back(left->second, right->second);
      }
      std::sort(ways[id].begin(), ways[id].end());
      const std::size_t more = std::min(spare, ways[id].size() - 1);
      ways[id].resize(1 + more);
      spare -= more;
    }
    std::vector<std::string> merges;
    for (const auto& list : ways)
      for (const auto& [left, right] : list) merges.push_back(tokens_[left] + " " + tokens_[right]);
    return merges;
  }

 private:
  std::size_t size_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::size_t> ids_;
};

void add_numbers_and_blanks(Vocabulary& v) {
  for (int digits = 2, end = 100; digits <= 3; ++digits, end *= 10)
    for (int n = 0; n < end; ++n) {
      std::string text = std::to_string(n);
      text.insert(0, static_cast<std::size_t>(digits) - text.size(), '0');
      v.add_word(text);
    }
  for (const char blank : {' ', '\n', '\t'}) v.add_word(std::string(16, blank));
}

// Syllables of English sound: an onset, a vowel, a coda.
std::string syllable(std::mt19937_64& rng) {
  static constexpr const char* kOnsets[] = {"b",  "c",  "d",  "f",  "g",  "h",  "l",  "m",
                                            "n",  "p",  "r",  "s",  "t",  "v",  "w",  "st",
                                            "tr", "pr", "ch", "sh", "th", "br", "pl", ""};
  static constexpr const char* kVowels[] = {"a", "e", "i", "o", "u", "ea", "ou", "io", "y"};
  static constexpr const char* kCodas[] = {"",  "n", "r", "s", "t",  "l",  "m", "d",
                                           "c", "p", "g", "k", "nt", "st", "ng"};
  const auto pick = [&rng](const auto& list) { return std::string(list[rng() % std::size(list)]); };
  return pick(kOnsets) + pick(kVowels) + pick(kCodas);
}

std::string word(std::mt19937_64& rng) {
  std::string text = rng() % 3 == 0 ? "" : " ";
  for (std::size_t n = 1 + rng() % 3; n > 0; --n) text += syllable(rng);
  if (const std::size_t first = text[0] == ' ' ? 1 : 0; rng() % 5 == 0)
    text[first] = static_cast<char>(text[first] - 'a' + 'A');
  return text;
}

// LLaMA-3's special tokens in the order of their ids, 128000 to 128255 there.
std::vector<std::string> specials(std::size_t count) {
  std::vector<std::string> names = {std::string(kBeginOfText), std::string(kEndOfText)};
  std::size_t reserved = 0;
  while (names.size() < count) {
    if (names.size() == 6) {
      names.emplace_back("<|start_header_id|>");
      names.emplace_back("<|end_header_id|>");
    } else if (names.size() == kEndOfTurnOffset) {
      names.emplace_back("<|eot_id|>");
    } else {
      names.push_back("<|reserved_special_token_" + std::to_string(reserved++) + "|>");
    }
  }
  return names;
}

}  // namespace

std::size_t synth_specials(std::size_t vocab) noexcept { return vocab < 4096 ? 16 : 256; }

TokenizerData synth_tokenizer(std::size_t vocab, std::uint64_t seed) {
  if (vocab < kSmallest)
    throw std::runtime_error("a vocabulary of " + std::to_string(vocab) +
                             " is too small, expected at least " + std::to_string(kSmallest));
  Vocabulary v(vocab - synth_specials(vocab));
  const std::size_t learned = std::min(kLearned, v.tokens().size() + (vocab - 256) / 2);
  const TokenizerData stories = learn_bpe(story_corpus(Grammar::stories(), seed, 200), learned);
  for (const std::string& token : stories.tokens)
    if (token != kBeginOfText && token != kEndOfText) v.add(token);
  if (vocab >= 8192) add_numbers_and_blanks(v);
  std::mt19937_64 rng(seed);
  while (!v.full()) v.add_word(word(rng));

  TokenizerData data;
  data.merges = v.merges();
  data.tokens = v.tokens();
  data.types.assign(data.tokens.size(), TokenType::kNormal);
  data.bos = static_cast<TokenId>(data.tokens.size());
  data.eos = static_cast<TokenId>(*data.bos + kEndOfTextOffset);
  for (std::string& name : specials(synth_specials(vocab))) {
    data.tokens.push_back(std::move(name));
    data.types.push_back(TokenType::kControl);
  }
  data.pre = "llama-bpe";
  find_stops(data);
  data.add_bos = true;
  return data;
}

}  // namespace tern::models
