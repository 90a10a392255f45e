// SPDX-License-Identifier: Apache-2.0
//
// State space: random vocabularies and texts against the definition done naively; every byte
// string; prefixes, user-defined, unused and unknown tokens; equal scores; vocabularies that are
// wrong; tokenizer.model files whole, cut, bent, and with options that are not LLaMA's. Parameters:
// with and without byte tokens, scores or merges.

#include "models/sentencepiece.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <random>

#include "models/detokenizer.h"
#include "models/utf8.h"
#include "tests/models/tiny_sentencepiece.h"

namespace tern::models {
namespace {

using Catch::Contains;
using Words = std::vector<std::string>;
const std::string kMark(kBlankMark);

std::string message(const TokenizerData& d) {
  try {
    const Tokenizer t(d);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

std::string file_message(const std::string& bytes) {
  try {
    parse_sentencepiece(bytes, "f.model");
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

Words spelled(const Tokenizer& t, std::string_view text) {
  Words out;
  for (const TokenId id : t.encode(text, false)) out.push_back(t.data().tokens[id]);
  return out;
}

// The definition: mark the blanks, cut into characters, join the pair whose token has the highest
// score, the leftmost among equals, until there is none; spell the rest in bytes or as <unk>.
std::vector<TokenId> naive(const TokenizerData& d, const std::string& text) {
  std::map<std::string, TokenId> ids;
  bool bytes = false;
  for (TokenId i = 0; i < d.tokens.size(); ++i) {
    ids[d.tokens[i]] = i;
    bytes = bytes || d.types[i] == TokenType::kByte;
  }
  std::string marked = text.empty() ? "" : kMark;
  for (const char c : text) marked += c == ' ' ? kMark : std::string(1, c);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < marked.size(); at += parts.back().size())
    parts.push_back(marked.substr(at, std::max<std::size_t>(1, utf8_char(marked.substr(at)))));
  while (true) {
    std::size_t best = parts.size();
    float score = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ids.find(parts[i] + parts[i + 1]);
      if (found == ids.end() || d.types[found->second] != TokenType::kNormal) continue;
      if (best == parts.size() || d.scores[found->second] > score) {
        best = i;
        score = d.scores[found->second];
      }
    }
    if (best == parts.size()) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<TokenId> out;
  bool after_unknown = false;
  for (const std::string& part : parts) {
    const auto found = ids.find(part);
    const bool known = found != ids.end() && d.types[found->second] == TokenType::kNormal;
    if (known)
      out.push_back(found->second);
    else if (bytes)
      for (const char c : part) out.push_back(ids.at(byte_piece(static_cast<unsigned char>(c))));
    else if (!after_unknown)
      out.push_back(0);
    after_unknown = !known && !bytes;
  }
  return out;
}

// Tokens of random letters, some of several words, some of characters that are no tokens alone.
std::vector<Piece> random_pieces(std::mt19937& rng) {
  const std::string letters[] = {"a", "b", "c", kMark, "\xC3\xA9", "\xE2\x82\xAC"};
  std::map<std::string, float> made;
  for (const std::string& letter : letters)
    if (rng() % 8 != 0) made[letter] = -1000;
  const bool words_only = rng() % 2 == 0;
  for (int i = 0; i < 60; ++i) {
    std::string token;
    for (auto n = 2 + rng() % 4; n > 0; --n) token += letters[rng() % std::size(letters)];
    if (words_only && token.find(kMark, 1) != token.npos) continue;
    made[token] = -static_cast<float>(rng() % 20);  // equal scores are common
  }
  std::vector<Piece> pieces;
  for (const auto& [text, score] : made) pieces.push_back({text, score});
  return pieces;
}

TEST_CASE("random texts are cut as the definition cuts them", "[models]") {
  const bool bytes = GENERATE(true, false);
  std::mt19937 rng(bytes);
  const std::string lumps[] = {"a", "b",  "c", " ", "  ", "\xC3\xA9", "\xE2\x82\xAC",
                               "z", "\n", "ab"};
  for (int vocabulary = 0; vocabulary < 60; ++vocabulary) {
    const TokenizerData d = sentencepiece_data(random_pieces(rng), bytes);
    const Tokenizer t(d);
    for (int round = 0; round < 30; ++round) {
      std::string text;
      for (auto n = rng() % 40; n > 0; --n) text += lumps[rng() % std::size(lumps)];
      INFO(text);
      const std::vector<TokenId> ids = t.encode(text, false);
      REQUIRE(ids == naive(d, text));
      const bool has_mark = std::find(d.tokens.begin(), d.tokens.end(), kMark) != d.tokens.end();
      if (bytes && has_mark) REQUIRE(t.decode(ids) == text);
    }
  }
}

TEST_CASE("every byte string comes back", "[models]") {
  std::mt19937 rng(3);
  const Tokenizer t(sentencepiece_data({{kMark, -9}, {"a", -9}, {kMark + "a", -1}, {"aa", -2}}));
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto n = rng() % 12; n > 0; --n)
      text += rng() % 2 == 0 ? std::string(1, static_cast<char>(rng() % 256)) : " a";
    if (text.find(kMark) != text.npos) continue;  // comes back as a blank, as in the reference
    REQUIRE(t.decode(t.encode(text, true)) == text);
  }
  CHECK(t.decode(t.encode(kMark + "a", false)) == " a");
}

TEST_CASE("a blank goes before a text and before what follows a control token", "[models]") {
  TokenizerData d = sentencepiece_data({{kMark, -9}, {"a", -9}, {kMark + "a", -1}});
  CHECK(spelled(Tokenizer(d), "a</s>a") == Words{kMark + "a", "</s>", kMark + "a"});
  CHECK(spelled(Tokenizer(d), " a") == Words{kMark, kMark + "a"});
  CHECK(Tokenizer(d).encode("", true) == std::vector<TokenId>{1});
  CHECK(spelled(Tokenizer(d), "").empty());
  d.prefix_rule = PrefixRule::kUnlessBlank;
  CHECK(spelled(Tokenizer(d), " a</s>a") == Words{kMark + "a", "</s>", kMark + "a"});
  d.prefix_rule = PrefixRule::kFirstUnlessBlank;
  CHECK(spelled(Tokenizer(d), "a</s>a") == Words{kMark + "a", "</s>", "a"});
  d.add_space_prefix = false;
  CHECK(spelled(Tokenizer(d), "a a") == Words{"a", kMark + "a"});
  CHECK(Tokenizer(d).decode(Tokenizer(d).encode(" a", false)) == " a");
  d.add_eos = true;
  CHECK(Tokenizer(d).encode("a", true).back() == 2);
}

TEST_CASE("user-defined tokens stand in the marked text and join with nothing", "[models]") {
  const Tokenizer t(sentencepiece_data(
      {{kMark, -9}, {"a", -9}, {"aa", -1}, {"aXa", -1}, {"X", 0, TokenType::kUserDefined}}));
  CHECK(spelled(t, "aaXaa") == Words{kMark, "aa", "X", "aa"});
  CHECK(spelled(t, "X") == Words{kMark, "X"});
  CHECK(t.decode(t.encode("X a", false)) == "X a");
}

TEST_CASE("an unused token is taken apart as it was put together", "[models]") {
  const Tokenizer t(sentencepiece_data(
      {{kMark, -9}, {"a", -9}, {"b", -9}, {"c", -9}, {"ab", -1}, {"abc", -2, TokenType::kUnused}}));
  CHECK(spelled(t, "abc") == Words{kMark, "ab", "c"});
}

TEST_CASE("unknown characters are one unknown token or each their own", "[models]") {
  TokenizerData d = sentencepiece_data({{kMark, -9}, {"a", -9}}, false);
  CHECK(spelled(Tokenizer(d), "axyza") == Words{kMark, "a", "<unk>", "a"});
  CHECK(Tokenizer(d).decode(Tokenizer(d).encode("ax", false)) == "a \xE2\x81\x87 ");
  d.fuse_unknown = false;
  CHECK(spelled(Tokenizer(d), "axyza") == Words{kMark, "a", "<unk>", "<unk>", "<unk>", "a"});
  CHECK(spelled(Tokenizer(d), "\xFF") == Words{kMark, "<unk>"});
}

TEST_CASE("merges count where there are any instead of scores", "[models]") {
  TokenizerData d = sentencepiece_data({{kMark, 0}, {"a", 0}, {"b", 0}, {"ab", 0}, {"ba", 0}});
  d.merges = {"b a", "a b"};
  CHECK(spelled(Tokenizer(d), "aba") == Words{kMark, "a", "ba"});
  d.merges = {"a b", "b a"};
  CHECK(spelled(Tokenizer(d), "aba") == Words{kMark, "ab", "a"});
}

TEST_CASE("long runs are encoded in little more than their length", "[models]") {
  const std::string unit = GENERATE("a", " ", "a a ", "e\xCC\x81", "\xCC\x81", "\xFF", "<", "X");
  const bool spanning = GENERATE(false, true);
  std::vector<Piece> pieces = {{kMark, -9},
                               {"a", -9},
                               {"aa", -1},
                               {"aaaa", -2},
                               {kMark + "a", -3},
                               {kMark + kMark, -4},
                               {"X", 0, TokenType::kUserDefined}};
  if (spanning) pieces.push_back({"a" + kMark, -5});
  const Tokenizer t(sentencepiece_data(pieces));
  std::string text;
  while (text.size() < 1000000) text += unit;
  CHECK(t.decode(t.encode(text, false)) == text);
}

TEST_CASE("token by token is the same as all at once", "[models]") {
  std::mt19937 rng(11);
  const Tokenizer t(
      sentencepiece_data({{kMark, -9}, {"a", -9}, {kMark + "a", -1}, {kMark + kMark, -2}}));
  for (int round = 0; round < 500; ++round) {
    std::vector<TokenId> ids(rng() % 8);
    for (TokenId& id : ids) id = static_cast<TokenId>(rng() % t.size());
    for (const bool special : {false, true}) {
      Detokenizer one(t, special);
      std::string text;
      for (const TokenId id : ids) text += one.add(id);
      REQUIRE(text == t.decode(ids, special));
    }
  }
  const TokenId word = t.id_of(kMark + "a");
  Detokenizer goes_on(t, false, false);
  CHECK(goes_on.add(word) == " a");
  Detokenizer begins(t);
  CHECK(begins.add(1).empty());
  CHECK(begins.add(word) == "a");
  CHECK(begins.add(word) == " a");
}

TEST_CASE("a wrong SentencePiece vocabulary is refused with the name of its field", "[models]") {
  TokenizerData d = sentencepiece_data({{"a", 0}});
  CHECK(message(d).empty());
  d.scores.pop_back();
  CHECK_THAT(message(d), Contains("tokenizer.ggml.scores has 259 entries, tokens has 260"));
  d = sentencepiece_data({{"a", std::numeric_limits<float>::quiet_NaN()}});
  CHECK_THAT(message(d), Contains("scores: entry 259 is not a number"));
  d = sentencepiece_data({{"a", std::numeric_limits<float>::infinity()}});
  CHECK(message(d).empty());
  d = sentencepiece_data({{"a", 0}});
  d.types[4] = TokenType::kNormal;
  CHECK_THAT(message(d), Contains("only 255 of the 256 byte tokens"));
  d = sentencepiece_data({{"a", 0, TokenType::kByte}});
  CHECK_THAT(message(d), Contains("not spelled <0x00>"));
  d = sentencepiece_data({{"a", 0}}, false);
  d.unk.reset();
  d.types[0] = TokenType::kNormal;
  CHECK_THAT(message(d), Contains("unknown_token_id is missing"));
  d = sentencepiece_data({{"a", 0}});
  d.unk = 1000;
  CHECK_THAT(message(d), Contains("unknown_token_id is 1000"));
  d = sentencepiece_data({{"a", 0}, {"a", 0}});
  CHECK_THAT(message(d), Contains("entry 260 repeats"));
  d = sentencepiece_data({{"a", 0}});
  d.merges = {"a b"};
  CHECK_THAT(message(d), Contains("merges: entry 0 names what is no token"));
}

const std::vector<Piece> kPieces = {{kMark, -3}, {"a", -4}, {kMark + "a", -1}};

TEST_CASE("a tokenizer.model is read as SentencePiece wrote it", "[models]") {
  TokenizerData expected = sentencepiece_data(kPieces);
  CHECK(parse_sentencepiece(model_file(kPieces), "f").data() == expected);
  expected.add_space_prefix = false;
  CHECK(parse_sentencepiece(model_file(kPieces, llama_trainer(), Wire().number(4, 0).number(3, 0)),
                            "f")
            .data() == expected);
  const TokenizerData without =
      parse_sentencepiece(model_file(kPieces, Wire().number(3, 2).number(41, ~std::uint64_t{0}),
                                     llama_normalizer(), false),
                          "f")
          .take();
  CHECK(!without.bos);
  CHECK(!without.add_bos);
}

TEST_CASE("options that are not LLaMA's are refused by name", "[models]") {
  const auto trainer = [](Wire w) { return file_message(model_file(kPieces, w)); };
  const auto normalizer = [](Wire w) {
    return file_message(model_file(kPieces, llama_trainer(), w));
  };
  CHECK_THAT(trainer(Wire()), Contains("f.model: trainer_spec: model_type is unigram"));
  CHECK_THAT(trainer(Wire().number(3, 77)), Contains("model_type is 77"));
  CHECK_THAT(trainer(Wire().number(3, 2).number(24, 1)), Contains("treat_whitespace_as_suffix"));
  CHECK_THAT(trainer(Wire().number(3, 2)), Contains("byte_fallback is false"));
  CHECK_THAT(normalizer(Wire().text(1, "nmt_nfkc").text(2, "map").number(4, 0)),
             Contains("f.model: normalizer_spec: the normaliser is 'nmt_nfkc'"));
  CHECK_THAT(normalizer(Wire()), Contains("remove_extra_whitespaces is true"));
  CHECK_THAT(normalizer(Wire().number(4, 0).number(5, 0)), Contains("escape_whitespaces is false"));
  CHECK_THAT(file_message(""), Contains("has no pieces"));
  CHECK_THAT(file_message(model_file({{"", 0}})), Contains("piece 259 is empty"));
  CHECK_THAT(file_message(model_file({{"a", 0, TokenType{9}}})), Contains("has type 9"));
  CHECK_THAT(file_message(model_file({{"a", 0}, {"a", 0}})), Contains("f.model: pieces"));
  CHECK_THAT(file_message("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
             Contains("more than 64 bits"));
  CHECK_THAT(file_message("\x0A\x7F"), Contains("127 bytes needed, 0 left"));
  CHECK_THAT(file_message(std::string(1, '\0')), Contains("impossible number"));
}

TEST_CASE("cut and bent models are read or refused in one line", "[models]") {
  const std::string whole = model_file(kPieces);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    CHECK(file_message(whole.substr(0, size)).find('\n') == std::string::npos);
  std::mt19937 rng(17);
  for (int round = 0; round < 3000; ++round) {
    std::string bent = whole;
    for (auto n = 1 + rng() % 4; n > 0; --n) bent[rng() % bent.size()] = static_cast<char>(rng());
    const std::string text = file_message(bent);
    CHECK((text.empty() || text.starts_with("f.model: ")));
  }
}

}  // namespace
}  // namespace tern::models
