// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's BPE as LLaMA-2 uses it (google/sentencepiece: bpe_model.cc, normalizer.cc and
// PopulateSentencePieceText of sentencepiece_processor.cc): blanks become U+2581, characters join
// into the token of best score, what no token spells becomes byte tokens or the unknown token.
// With merges instead of scores it is the same as tokenizer.json has it ("BPE" of
// huggingface/tokenizers): pairs join by rank, and byte tokens are there before the joining.
//
// One departure: SentencePiece makes U+FFFD of bytes that are not UTF-8. Here they become their
// byte tokens where there are any, so that every byte string survives.

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "models/token_model.h"
#include "models/utf8.h"

namespace tern::models {
namespace {

constexpr std::string_view kUnknownSurface = " \xE2\x81\x87 ";  // unk_surface of the trainer's spec
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";       // U+FFFD

std::string with_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const char c : text)
    if (c == ' ')
      out += kBlankMark;
    else
      out += c;
  return out;
}

std::string without_marks(std::string_view text) {
  std::string out;
  for (std::size_t at; (at = text.find(kBlankMark)) != text.npos;
       text.remove_prefix(at + kBlankMark.size()))
    out.append(text.substr(0, at)) += ' ';
  return out += text;
}

std::string byte_name(unsigned byte) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
}

// Whether a blank follows another character within it.
bool spans_words(std::string_view token) {
  for (std::size_t at = token.find(kBlankMark); at != token.npos;
       at = token.find(kBlankMark, at + kBlankMark.size()))
    if (at != 0 && !token.substr(0, at).ends_with(kBlankMark)) return true;
  return false;
}

class SentencePieceBpe : public TokenModel {
 public:
  SentencePieceBpe(const TokenizerData& data, const TokenTable& table)
      : data_(data), table_(table), by_rank_(!data.merges.empty()), pairs_(0) {
    find_bytes();
    find_unknown();
    if (by_rank_)
      pairs_ = read_merges(data, table);
    else
      rank_scores();
    std::vector<bool> normalized(data.tokens.size());
    for (const AddedToken& added : data.added) normalized[added.id] = added.normalized;
    for (std::size_t i = 0; i < data.tokens.size(); ++i) {
      const std::string& token = data.tokens[i];
      const auto id = static_cast<TokenId>(i);
      if (normalized[i])
        within_.add(with_prefix(token, true), id);
      else if (!by_rank_ && data.types[i] == TokenType::kUserDefined)
        within_.add(token, id);
      if (!joins(id)) continue;
      longest_ = std::max(longest_, token.size());
      by_words_ = by_words_ && !spans_words(token);
      // Which split of such a token counts is a matter of the whole text.
      by_words_ = by_words_ && (by_rank_ || data.types[i] != TokenType::kUnused);
    }
    within_.finish();
  }

  bool stands_alone(TokenType type) const override {
    return type == TokenType::kControl || type == TokenType::kUnknown ||
           (type == TokenType::kUserDefined && by_rank_);
  }

  void encode(std::string_view text, bool first, EncodeScratch& scratch,
              std::vector<TokenId>& ids) const override {
    if (text.empty()) return;
    scratch.words.clear();
    scratch.text = with_prefix(text, first);
    const std::string_view marked = scratch.text;
    std::size_t begin = 0;
    if (!within_.empty())
      for (std::size_t at = 0; at < marked.size();) {
        const auto [length, id] = within_.longest(marked.substr(at));
        if (length == 0) {
          ++at;
          continue;
        }
        encode_run(marked.substr(begin, at - begin), scratch, ids);
        ids.push_back(id);
        begin = at += length;
      }
    encode_run(marked.substr(begin), scratch, ids);
    scratch.words.clear();
  }

  std::string bytes(TokenId id) const override {
    const std::string& token = data_.tokens[id];
    switch (data_.types[id]) {
      case TokenType::kControl:
        return token;
      case TokenType::kUnknown:
        return std::string(kUnknownSurface);
      case TokenType::kByte:
        for (unsigned b = 0; b < 256; ++b)
          if (byte_tokens_[b] == id) return std::string(1, static_cast<char>(b));
        return token;
      default:
        return without_marks(token);
    }
  }

  bool may_begin_with_prefix(TokenId id) const override {
    const TokenType type = data_.types[id];
    return data_.add_space_prefix && data_.tokens[id].starts_with(kBlankMark) &&
           (type == TokenType::kNormal || type == TokenType::kUserDefined ||
            type == TokenType::kUnused);
  }

 private:
  bool joins(TokenId id) const {
    const TokenType type = data_.types[id];
    return type == TokenType::kNormal || type == TokenType::kUserDefined ||
           type == TokenType::kUnused;
  }

  void find_bytes() {
    std::size_t found = 0;
    for (unsigned b = 0; b < 256; ++b) {
      const TokenId id = table_.find(byte_name(b));
      const bool is_byte = id != kNoToken && data_.types[id] == TokenType::kByte;
      byte_tokens_[b] = is_byte ? id : kNoToken;
      found += is_byte;
    }
    const auto all = std::count(data_.types.begin(), data_.types.end(), TokenType::kByte);
    if (static_cast<std::size_t>(all) != found)
      fail_tokenizer("token_type: a byte token is not spelled <0x00> to <0xFF>");
    if (found != 0 && found != 256)
      fail_tokenizer("tokens: only " + std::to_string(found) + " of the 256 byte tokens are there");
    has_bytes_ = found == 256;
  }

  void find_unknown() {
    unknown_ = data_.unk.value_or(kNoToken);
    if (unknown_ == kNoToken) {
      const auto first = std::find(data_.types.begin(), data_.types.end(), TokenType::kUnknown);
      if (first != data_.types.end()) unknown_ = static_cast<TokenId>(first - data_.types.begin());
    }
    if (unknown_ == kNoToken && !has_bytes_)
      fail_tokenizer("unknown_token_id is missing, and there are no byte tokens <0x00> to <0xFF>");
  }

  // Equal scores are equal ranks: among them the leftmost joins first.
  void rank_scores() {
    if (data_.scores.size() != data_.tokens.size())
      fail_tokenizer("scores has " + std::to_string(data_.scores.size()) + " entries, tokens has " +
                     std::to_string(data_.tokens.size()));
    for (std::size_t i = 0; i < data_.scores.size(); ++i)
      if (std::isnan(data_.scores[i]))
        fail_tokenizer("scores: entry " + std::to_string(i) + " is not a number");
    std::vector<TokenId> order(data_.tokens.size());
    std::iota(order.begin(), order.end(), TokenId{0});
    std::sort(order.begin(), order.end(),
              [this](TokenId a, TokenId b) { return data_.scores[a] > data_.scores[b]; });
    ranks_.resize(order.size());
    std::uint32_t rank = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i != 0 && data_.scores[order[i]] != data_.scores[order[i - 1]]) ++rank;
      ranks_[order[i]] = rank;
    }
  }

  std::string with_prefix(std::string_view text, bool first) const {
    std::string marked = with_marks(text);
    if (!data_.add_space_prefix) return marked;
    const bool always = data_.prefix_rule == PrefixRule::kAlways;
    const bool here = first || data_.prefix_rule != PrefixRule::kFirstUnlessBlank;
    if (always || (here && !marked.starts_with(kBlankMark))) marked.insert(0, kBlankMark);
    return marked;
  }

  // Where no token spans two words, words are encoded one by one.
  void encode_run(std::string_view run, EncodeScratch& scratch, std::vector<TokenId>& ids) const {
    const std::size_t begin = ids.size();
    const auto encode = [&](std::string_view word) {
      const std::size_t before = ids.size();
      const auto by_loop = [&](std::string_view w, std::vector<TokenId>& out) {
        encode_word(w, scratch.loop, out);
      };
      if (by_words_)
        scratch.words.append(word, ids, by_loop);
      else
        by_loop(word, ids);
      if (before > begin && data_.fuse_unknown && ids.size() > before &&
          ids[before - 1] == unknown_ && ids[before] == unknown_)
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(before));
    };
    if (!by_words_) {
      if (!run.empty()) encode(run);
      return;
    }
    while (!run.empty()) {
      std::size_t end = 0;
      while (run.substr(end).starts_with(kBlankMark)) end += kBlankMark.size();
      end = std::min(run.find(kBlankMark, end), run.size());
      encode(run.substr(0, end));
      run.remove_prefix(end);
    }
  }

  void encode_word(std::string_view word, BpeLoop& loop, std::vector<TokenId>& ids) const {
    loop.clear();
    const std::size_t begin = ids.size();
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t length = std::max<std::size_t>(utf8_char(word.substr(at)), 1);
      if (by_rank_)
        add_symbols(word.substr(at, length), at, loop);
      else
        loop.add(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length), kNoToken);
      at += length;
    }
    if (by_rank_) {
      loop.run([this](const Symbol& left, const Symbol& right) {
        return pairs_.find(left.id, right.id);
      });
      loop.each([&](const Symbol& symbol) { push(symbol.id, begin, ids); });
      return;
    }
    std::unordered_map<std::string_view, std::size_t>
        splits;  // of unused tokens: bytes of the left
    loop.run([&](const Symbol& left, const Symbol& right) {
      const std::size_t size = left.size + right.size;
      if (size > longest_) return kNoMerge;
      const std::string_view joined = word.substr(left.at, size);
      const TokenId id = table_.find(joined);
      if (id == kNoToken || !joins(id)) return kNoMerge;
      if (data_.types[id] == TokenType::kUnused) splits[joined] = left.size;
      return Merge{ranks_[id], id};
    });
    std::vector<std::string_view> open;
    loop.each([&](const Symbol& symbol) {
      open = {word.substr(symbol.at, symbol.size)};
      while (!open.empty()) {
        const std::string_view part = open.back();
        open.pop_back();
        const auto split = splits.empty() ? splits.end() : splits.find(part);
        if (split == splits.end()) {
          push_spelled(part, begin, ids);
        } else {
          open.push_back(part.substr(split->second));
          open.push_back(part.substr(0, split->second));
        }
      }
    });
  }

  // The tokens of one character, or of one byte that is none, before the joining by rank.
  void add_symbols(std::string_view character, std::size_t at, BpeLoop& loop) const {
    const TokenId whole = table_.find(character);
    if (whole != kNoToken || !has_bytes_) {
      loop.add(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(character.size()),
               whole != kNoToken ? whole : unknown_);
      return;
    }
    for (std::size_t i = 0; i < character.size(); ++i)
      loop.add(static_cast<std::uint32_t>(at + i), 1,
               byte_tokens_[static_cast<unsigned char>(character[i])]);
  }

  void push(TokenId id, std::size_t begin, std::vector<TokenId>& ids) const {
    const bool fused =
        data_.fuse_unknown && id == unknown_ && ids.size() > begin && ids.back() == unknown_;
    if (!fused) ids.push_back(id);
  }

  void push_spelled(std::string_view part, std::size_t begin, std::vector<TokenId>& ids) const {
    TokenId id = table_.find(part);
    if (id == kNoToken && !has_bytes_ && utf8_char(part) == 0) id = table_.find(kReplacement);
    if (id != kNoToken && joins(id)) return push(id, begin, ids);
    if (!has_bytes_) return push(unknown_, begin, ids);
    for (const char c : part) ids.push_back(byte_tokens_[static_cast<unsigned char>(c)]);
  }

  const TokenizerData& data_;
  const TokenTable& table_;
  bool by_rank_;                      // by data.merges, else by data.scores
  PairTable pairs_;                   // by_rank_
  std::vector<std::uint32_t> ranks_;  // by token, else
  std::array<TokenId, 256> byte_tokens_{};
  bool has_bytes_ = false;
  TokenId unknown_ = kNoToken;
  PrefixMatcher within_;     // tokens that are found in the text with its blanks marked
  std::size_t longest_ = 0;  // bytes of a token that can come of joining
  bool by_words_ = true;
};

}  // namespace

std::unique_ptr<TokenModel> make_sentencepiece(const TokenizerData& data, const TokenTable& table) {
  return std::make_unique<SentencePieceBpe>(data, table);
}

}  // namespace tern::models
