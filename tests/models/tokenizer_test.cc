// SPDX-License-Identifier: Apache-2.0
//
// State space: every byte, valid UTF-8 or not; special tokens within text; long runs; merges whose
// order matters; every way a vocabulary can be wrong. The reference's texts are in
// golden_tokenizer_test.cc.
// Parameters: the pre-tokenizer table.

#include "models/tokenizer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

namespace tern::models {
namespace {

// The 256 bytes, then what `merges` make, then one control token.
TokenizerData small(std::vector<std::string> merges, std::string pre = "gpt-2") {
  TokenizerData d;
  for (int b = 0; b < 256; ++b) {
    const char byte = static_cast<char>(b);
    d.tokens.push_back(to_byte_alphabet({&byte, 1}));
  }
  for (const std::string& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' '), 1);
    if (std::find(d.tokens.begin(), d.tokens.end(), joined) == d.tokens.end())
      d.tokens.push_back(joined);
  }
  d.types.assign(d.tokens.size(), TokenType::kNormal);
  d.tokens.push_back("<|end|>");
  d.types.push_back(TokenType::kControl);
  d.bos = d.eos = static_cast<TokenId>(d.tokens.size() - 1);
  d.merges = std::move(merges);
  d.pre = std::move(pre);
  return d;
}

std::vector<std::string> spelled(const Tokenizer& t, std::string_view text) {
  std::vector<std::string> out;
  for (const TokenId id : t.encode(text, false)) out.push_back(t.data().tokens[id]);
  return out;
}

std::string message(TokenizerData d) {
  try {
    const Tokenizer t(std::move(d));
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

using Words = std::vector<std::string>;

TEST_CASE("every byte string decodes to itself", "[models]") {
  const std::string pre = GENERATE("gpt-2", "llama-bpe");
  const Tokenizer t(small({"a b", "ab c", "\xC4\xA0 a"}, pre));
  std::mt19937 rng(1);
  const std::string lumps[] = {"a",
                               "b",
                               "abc",
                               " ",
                               "\n",
                               "\xC3",
                               "\xA9",
                               "\xE2\x82\xAC",
                               "\xF0\x9F",
                               "\xED\xA0\x80",
                               std::string(1, '\0'),
                               "7",
                               "'s"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto i = rng() % 20; i > 0; --i)
      text += rng() % 3 == 0 ? std::string(1, static_cast<char>(rng() % 256)) : lumps[rng() % 13];
    CHECK(t.decode(t.encode(text, false)) == text);
  }
}

TEST_CASE("bytes that are not UTF-8 split the text where they stand", "[models]") {
  const Tokenizer t(small({"a b", "\xC3\xBF \xC3\xBF"}));
  CHECK(spelled(t,
                "ab\xFF\xFF"
                "ab") == Words{"ab", "\xC3\xBF\xC3\xBF", "ab"});
}

TEST_CASE("the byte alphabet is a bijection", "[models]") {
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  CHECK(from_byte_alphabet(to_byte_alphabet(all)) == all);
  CHECK(to_byte_alphabet(" ") == "\xC4\xA0");
  CHECK(to_byte_alphabet("A") == "A");
  CHECK(from_byte_alphabet("\xE2\x82\xAC") == "\xE2\x82\xAC");
}

TEST_CASE("blanks are the white space of Unicode", "[models]") {
  const auto is_blank = [](unsigned c) {  // PropList.txt, White_Space
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
  };
  const auto byte = [](unsigned b) { return static_cast<char>(b); };
  const PreTokenizer pre("gpt-2");
  for (unsigned c = 1; c < 0x10000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string s;
    if (c < 0x80)
      s = {byte(c)};
    else if (c < 0x800)
      s = {byte(0xC0 | (c >> 6)), byte(0x80 | (c & 63))};
    else
      s = {byte(0xE0 | (c >> 12)), byte(0x80 | ((c >> 6) & 63)), byte(0x80 | (c & 63))};
    // Two blanks before a word part, two of anything else do not.
    const std::string text = "a" + s + s + "b";
    std::vector<std::string> pieces;
    pre.split(text, [&](std::string_view piece) { pieces.emplace_back(piece); });
    if ((pieces.size() > 1 && pieces[1] == s) != is_blank(c)) FAIL_CHECK("U+" << std::hex << c);
  }
}

TEST_CASE("the merge of lowest rank comes first and the leftmost among equals", "[models]") {
  CHECK(spelled(Tokenizer(small({"b c", "a b"})), "abc") == Words{"a", "bc"});
  CHECK(spelled(Tokenizer(small({"a b", "b c"})), "abc") == Words{"ab", "c"});
  CHECK(spelled(Tokenizer(small({"a a"})), "aaaaa") == Words{"aa", "aa", "a"});
  CHECK(spelled(Tokenizer(small({"a a", "aa aa"})), "aaaaaa") == Words{"aaaa", "aa"});
}

TEST_CASE("a whole piece that is a token wins over merges only where the kind says so",
          "[models]") {
  for (const PreTokenizerKind& kind : pre_tokenizer_kinds()) {
    TokenizerData d = small({"a b"}, std::string(kind.name));
    d.tokens.push_back("xyz");
    d.types.push_back(TokenType::kNormal);
    const Words expected = kind.ignore_merges ? Words{"xyz"} : Words{"x", "y", "z"};
    CHECK(spelled(Tokenizer(d), "xyz") == expected);
  }
}

TEST_CASE("special tokens are found in text and rendered on demand", "[models]") {
  TokenizerData d = small({});
  d.tokens.push_back("<|end|>x");
  d.types.push_back(TokenType::kUserDefined);
  d.add_bos = true;
  const Tokenizer t(d);
  CHECK(t.encode("a<|end|>b<|end|>x", true) ==
        std::vector<TokenId>{256, t.id_of("a"), 256, t.id_of("b"), 257});
  CHECK(t.encode("", true) == std::vector<TokenId>{256});
  CHECK(t.encode("", false).empty());
  const std::vector<TokenId> ids = {t.id_of("a"), 256, 257};
  CHECK(t.decode(ids) == "a<|end|>x");
  CHECK(t.decode(ids, true) == "a<|end|><|end|>x");
}

TEST_CASE("long runs of one kind are encoded without trouble", "[models]") {
  const std::string pre = GENERATE("gpt-2", "llama-bpe");
  const std::string unit = GENERATE(" ", "\n", "x", "7", "!", "\xF0\x9F\x99\x82", "\xFF", " \n");
  const Tokenizer t(small({"x x", "xx xx", "\xC4\xA0 \xC4\xA0"}, pre));
  std::string text;
  for (int i = 0; i < 100000; ++i) text += unit;
  text += "q";
  CHECK(t.decode(t.encode(text, false)) == text);
}

TEST_CASE("a wrong vocabulary is refused with the name of its field", "[models]") {
  using Catch::Contains;
  TokenizerData d = small({"a b"});
  CHECK(message(d).empty());
  d.types.pop_back();
  CHECK_THAT(message(d), Contains("tokenizer.ggml.token_type has 257"));
  CHECK_THAT(message({}), Contains("tokenizer.ggml.tokens is empty"));
  d = small({"a b"});
  d.tokens[5] = "repeat";
  d.tokens[6] = "repeat";
  CHECK_THAT(message(d), Contains("tokenizer.ggml.tokens: entry 6 repeats"));
  d = small({"a b"});
  d.tokens[65] = "unique";
  CHECK_THAT(message(d), Contains("no token for byte 65"));
  d = small({"a b"});
  d.bos = 258;
  CHECK_THAT(message(d), Contains("bos_token_id is 258"));
  d = small({"a b"});
  d.bos.reset();
  d.add_bos = true;
  CHECK_THAT(message(d), Contains("add_bos_token"));
  for (const char* merge : {"ab", " ab", "a b c", "a zz"}) {
    d = small({"a b"});
    d.merges.push_back(merge);
    CHECK_THAT(message(d), Contains("tokenizer.ggml.merges: entry 1"));
  }
  // The first of several, wherever they stand among those that are looked at together.
  const std::vector<std::string> sound(200, "a b");
  for (const std::size_t first : {0, 1, 63, 64, 65, 127, 128, 199})
    for (const std::size_t second : {1, 63, 64, 70, 128, 199})
      for (const auto& [one, other] : {std::pair("a zz", "ab"), std::pair("ab", "a zz")}) {
        if (second <= first) continue;
        d = small({"a b"});
        d.merges = sound;
        d.merges[first] = one;
        d.merges[second] = other;
        CHECK(message(d) == "tokenizer.ggml.merges: entry " + std::to_string(first) +
                                (one == std::string("ab") ? " is not two tokens and a blank"
                                                          : " names what is no token"));
      }
  d = small({"a b"}, "wordpiece");
  CHECK_THAT(message(d), Contains("tokenizer.ggml.pre is 'wordpiece'") && Contains("llama-bpe"));
}

}  // namespace
}  // namespace tern::models
