// SPDX-License-Identifier: Apache-2.0
//
// State space: random merges over random texts against the definition done naively, for bytes and
// for characters; the tables behind it against the containers of the standard library.
// Parameters: the two kinds that join by rank.

#include "models/bpe.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "models/tokenizer.h"
#include "tests/models/tiny_sentencepiece.h"

namespace tern::models {
namespace {

// The pair of lowest rank, the leftmost among equals, until there is none.
std::vector<std::string> naive(std::vector<std::string> parts,
                               const std::vector<std::string>& merges) {
  while (true) {
    std::size_t best = merges.size(), at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto rank = static_cast<std::size_t>(
          std::find(merges.begin(), merges.end(), parts[i] + " " + parts[i + 1]) - merges.begin());
      if (rank < best) best = rank, at = i;
    }
    if (best == merges.size()) return parts;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

// Each joins two of what there is already.
std::vector<std::string> random_merges(std::mt19937& rng, std::vector<std::string>& tokens) {
  std::vector<std::string> merges;
  for (int i = 0; i < 40; ++i) {
    const std::string left = tokens[rng() % tokens.size()], right = tokens[rng() % tokens.size()];
    const std::string merge = left + " " + right;
    if (left.size() + right.size() > 6 ||
        std::find(merges.begin(), merges.end(), merge) != merges.end())
      continue;
    merges.push_back(merge);
    if (std::find(tokens.begin(), tokens.end(), left + right) == tokens.end())
      tokens.push_back(left + right);
  }
  std::shuffle(merges.begin(), merges.end(), rng);
  return merges;
}

TEST_CASE("random merges join as the definition joins", "[models]") {
  const bool bytes = GENERATE(true, false);
  std::mt19937 rng(bytes);
  for (int vocabulary = 0; vocabulary < 100; ++vocabulary) {
    std::vector<std::string> made = {"a", "b", "c"};
    const std::vector<std::string> merges = random_merges(rng, made);
    TokenizerData d;
    if (bytes) {
      for (int b = 0; b < 256; ++b)
        d.tokens.push_back(to_byte_alphabet(std::string(1, static_cast<char>(b))));
      for (const std::string& token : made)
        if (token.size() > 1) d.tokens.push_back(token);
      d.types.assign(d.tokens.size(), TokenType::kNormal);
    } else {
      std::vector<Piece> pieces;
      for (const std::string& token : made) pieces.push_back({token});
      d = sentencepiece_data(pieces);
      d.add_space_prefix = false;
    }
    d.merges = merges;
    const Tokenizer t(d);
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string> letters;
      std::string text;
      for (auto n = 1 + rng() % 90; n > 0; --n) text += letters.emplace_back(1, "abc"[rng() % 3]);
      std::vector<std::string> found;
      for (const TokenId id : t.encode(text, false)) found.push_back(d.tokens[id]);
      INFO(text);
      REQUIRE(found == naive(letters, merges));
    }
  }
}

std::vector<std::string> random_tokens(std::mt19937& rng, std::size_t count) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    std::string token;
    for (auto n = rng() % 20; n > 0; --n) token += "ab\xFF"[rng() % 3];
    tokens.push_back(token);
  }
  return tokens;
}

TEST_CASE("tokens are found by their spelling and repeats are noticed", "[models]") {
  std::mt19937 rng(2);
  for (const std::size_t count : {1, 2, 3, 100, 5000}) {
    const std::vector<std::string> tokens = random_tokens(rng, count);
    const TokenTable table(tokens);
    std::map<std::string, TokenId> first;
    bool repeats = false;
    for (std::size_t i = 0; i < count; ++i)
      repeats = !first.emplace(tokens[i], static_cast<TokenId>(i)).second || repeats;
    CHECK(table.repeated().has_value() == repeats);
    const std::vector<std::string> asked = random_tokens(rng, 2000);
    std::vector<TokenId> expected;
    for (const std::string& token : asked) {
      const auto found = first.find(token);
      expected.push_back(found == first.end() ? kNoToken : found->second);
      REQUIRE(table.find(token) == expected.back());
    }
    for (const std::size_t n : {0, 1, 63, 64, 65, 2000}) {  // 64 at a time
      const std::vector<std::string_view> some(asked.begin(), asked.begin() + n);
      std::vector<TokenId> ids(n);
      table.find(some, ids);
      REQUIRE(std::equal(ids.begin(), ids.end(), expected.begin()));
    }
  }
}

TEST_CASE("of equal pairs the first counts", "[models]") {
  std::mt19937 rng(4);
  PairTable table(1000);
  std::map<std::pair<TokenId, TokenId>, std::uint32_t> expected;
  std::vector<PairTable::Pair> pairs;
  for (std::uint32_t rank = 0; rank < 1000; ++rank) {
    const std::pair<TokenId, TokenId> pair(rng() % 30, rng() % 30);
    pairs.push_back({pair.first, pair.second, {rank, 7}});
    expected.emplace(pair, rank);
  }
  for (std::size_t at = 0, n = 0; at < pairs.size(); at += n++)  // some of them equal at a time
    table.add(std::span(pairs).subspan(at, std::min(n, pairs.size() - at)));
  for (TokenId left = 0; left < 32; ++left)
    for (TokenId right = 0; right < 32; ++right) {
      const auto found = expected.find({left, right});
      const Merge merge = table.find(left, right);
      CHECK(merge.result == (found == expected.end() ? kNoToken : 7));
      if (found != expected.end()) CHECK(merge.rank == found->second);
    }
}

TEST_CASE("the longest of many strings is found at the start of a text", "[models]") {
  std::mt19937 rng(6);
  for (int round = 0; round < 50; ++round) {
    const std::vector<std::string> tokens = random_tokens(rng, 40);
    PrefixMatcher matcher;
    for (std::size_t i = 0; i < tokens.size(); ++i) matcher.add(tokens[i], static_cast<TokenId>(i));
    matcher.finish();
    for (const std::string& text : random_tokens(rng, 100)) {
      if (text.empty()) continue;
      std::pair<std::size_t, TokenId> best = {0, kNoToken};
      for (std::size_t i = 0; i < tokens.size(); ++i)
        if (tokens[i].size() > best.first && text.starts_with(tokens[i]))
          best = {tokens[i].size(), static_cast<TokenId>(i)};
      REQUIRE(matcher.longest(text) == best);
    }
  }
}

}  // namespace
}  // namespace tern::models
