// SPDX-License-Identifier: Apache-2.0
//
// State space: a text whose merges are worked out by hand, ties, texts too short for the wish.
// Parameters: none.

#include "models/bpe_train.h"

#include <catch2/catch.hpp>

#include "models/train.h"

namespace tern::models {
namespace {

TEST_CASE("merges are learned most frequent first and ties by spelling", "[models][bpe]") {
  // Words: ab (3), abc (2), xy (1), zy (1). Pairs: ab 5, then abc's (ab, c) 2, then x y = z y 1.
  const TokenizerData data = learn_bpe("ab,ab,ab,abc,abc,xy,zy", 256 + 2 + 3);
  REQUIRE(data.merges == std::vector<std::string>{"a b", "ab c", "x y"});
  CHECK(data.tokens[256] == "ab");
  CHECK(data.tokens.back() == kEndOfText);
  CHECK(data.tokens.size() == 261);
  CHECK(*data.bos == 259);
  CHECK(*data.eos == 260);
  const Tokenizer tokenizer{TokenizerData(data)};
  CHECK(tokenizer.encode("abc", false) == std::vector<TokenId>{257});
}

TEST_CASE("a vocabulary that the text cannot fill is refused", "[models][bpe]") {
  CHECK_THROWS_WITH(learn_bpe("ab", 257), Catch::Contains("257 is too small"));
  CHECK_THROWS_WITH(learn_bpe("ab", 300), Catch::Contains("gives 259 tokens, 300 wanted"));
}

TEST_CASE("stories survive the vocabulary learned from them", "[models][bpe]") {
  const Tokenizer tokenizer(learn_bpe(story_corpus(Grammar::stories(), 1, 300), 512));
  const std::string other = story_corpus(Grammar::stories(), 2, 20);
  const std::vector<TokenId> ids = tokenizer.encode(other, true);
  CHECK(ids.front() == *tokenizer.data().bos);
  CHECK(tokenizer.decode(ids) == other);
  CHECK(ids.size() * 2 < other.size());
}

}  // namespace
}  // namespace tern::models
