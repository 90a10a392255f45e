// SPDX-License-Identifier: Apache-2.0
//
// State space: grammars small enough to work out by hand, recursion, ambiguity, every fault of the
// notation; and the grammar of the stories, sampled.
// Parameters: none.

#include "models/grammar.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

namespace tern::models {
namespace {

Grammar grammar(const std::string& text) { return Grammar(text, "test"); }

TEST_CASE("entropy and length of a grammar are those worked out by hand", "[models][grammar]") {
  // a with 1/4, bb with 3/4, twice: H = 2 * (1/4 * 2 + 3/4 * log2(4/3)), length 2 * (1/4 + 3/2).
  const Grammar g = grammar("rule S = T T\nrule T = 1 \"a\" | 3 \"bb\"\n");
  CHECK(g.entropy_bits() == Approx(2 * (0.5 + 0.75 * std::log2(4.0 / 3.0))).epsilon(1e-14));
  CHECK(g.expected_bytes() == Approx(2 * 1.75).epsilon(1e-14));
}

TEST_CASE("a recursive grammar has the entropy of its geometric length", "[models][grammar]") {
  // x, then again with 1/3: N geometric with mean 3/2, H = E[N] * h(1/3).
  const Grammar g = grammar("rule S = 2 \"x\" | 1 \"x\" S\n");
  const double h = std::log2(3.0) / 3 + 2.0 / 3 * std::log2(1.5);
  CHECK(g.expected_bytes() == Approx(1.5).epsilon(1e-14));
  CHECK(g.entropy_bits() == Approx(1.5 * h).epsilon(1e-14));
  CHECK(g.parse("xxx").derivations == 1);
  CHECK(g.parse("xxx").bits == Approx(-std::log2(2.0 / 27)).epsilon(1e-14));
}

TEST_CASE("parameters are bound to records and a choice among records is even",
          "[models][grammar]") {
  const Grammar g = grammar(
      "record Name Ann it=her\nrecord Name Bob it=him\nrecord Name Cy it=him\n"
      "rule S = for a in Name for b in Name except a: Meet[a b]\n"
      "sentence Meet[a b] = \"{a} met {b}; {b} knew {a.it}.\"\n");
  CHECK(g.entropy_bits() == Approx(std::log2(6.0)).epsilon(1e-14));
  CHECK(g.parse("Ann met Cy; Cy knew her.").derivations == 1);
  CHECK(g.parse("Ann met Ann; Ann knew her.").derivations == 0);
  CHECK(g.parse("Ann met Cy; Cy knew him.").derivations == 0);
  CHECK(g.parses_as_sentence("Bob met Ann; Ann knew him."));
  CHECK_FALSE(g.parses_as_sentence("Bob met Ann; Ann knew him. "));
}

TEST_CASE("a parse counts every derivation and adds their probabilities", "[models][grammar]") {
  const Grammar g = grammar("rule S = A | B\nrule A = \"x\" | \"y\"\nrule B = \"x\" | \"z\"\n");
  CHECK(g.parse("x").derivations == 2);
  CHECK(g.parse("x").bits == Approx(1).epsilon(1e-14));
  CHECK(g.parse("w").derivations == 0);
  CHECK(std::isinf(g.parse("w").bits));
}

TEST_CASE("a fault in the notation is named with file and line", "[models][grammar]") {
  const std::map<std::string, std::string> faults = {
      {"", "test:0: there is no rule"},
      {"rule S = T\n", "test:1: there is no rule T"},
      {"rule S = \"a\n", "test:1: a quoted text has no end"},
      {"rule S[a] = \"a\"\n", "test:0: the first rule takes parameters"},
      {"\nrule S = 0 \"a\"\n", "test:2: weight '0' is not a positive number"},
      {"rule S = | \"a\"\n", "test:1: an alternative is empty"},
      {"rule S = \"{a}\"\n", "test:1: {a} names no parameter or no field of its record"},
      {"rule S = for a in Nowhere: \"x\"\n",
       "test:1: 'for a in Nowhere': expected a set of records that stand above"},
      {"rule S = \"a\"\nrule S = \"b\"\n", "test:2: rule S is defined twice"},
      {"word S = \"a\"\n", "test:1: 'word' found, expected record, rule or sentence"},
      {"rule S = S \"a\" | \"b\"\n", "test:0: S begins with itself"},
      {"rule S = \"a\" S\n", "test: its texts are endless in expectation"},
      {"rule S = \"a\" S S | \"b\"\n", "test: its texts are endless in expectation"},
      {"rule S = T\nrule T[a] = \"x\"\n", "test:1: T takes 1 parameters, 0 given"},
      {"record N A\nrecord N B\nrule S = for a in N for b in N except c: \"x\"\n",
       "test:3: except c: no such name"},
  };
  for (const auto& [text, message] : faults) {
    INFO(text);
    CHECK_THROWS_WITH(grammar(text), message);
  }
}

TEST_CASE("sentences are cut where they end and not inside speech", "[models][grammar]") {
  using Sentences = std::vector<std::string_view>;
  CHECK(split_sentences("A b. C d!  E?") == Sentences{"A b.", "C d!", "E?"});
  CHECK(split_sentences("\"Where?\" asked Tom. Yes.") ==
        Sentences{"\"Where?\" asked Tom.", "Yes."});
  CHECK(split_sentences("He said, \"Go.\" Then he went.") ==
        Sentences{"He said, \"Go.\"", "Then he went."});
  CHECK(split_sentences("  cut off in the") == Sentences{"cut off in the"});
  CHECK(split_sentences("\"") == Sentences{"\""});
  CHECK(split_sentences("").empty());
}

TEST_CASE("the stories are unambiguous and their entropy is that of a sample",
          "[models][grammar]") {
  const Grammar& g = Grammar::stories();
  std::mt19937_64 rng(11);
  constexpr int kStories = 4000, kParsed = 300;
  double bits = 0, squares = 0, bytes = 0;
  for (int i = 0; i < kStories; ++i) {
    const Sample story = g.sample(rng);
    bits += story.bits;
    squares += story.bits * story.bits;
    bytes += static_cast<double>(story.text.size());
    REQUIRE(split_sentences(story.text).size() == story.sentences.size());
    if (i >= kParsed) continue;
    const Parse parse = g.parse(story.text);
    REQUIRE(parse.derivations == 1);
    REQUIRE(parse.bits == Approx(story.bits).epsilon(1e-12));
  }
  const double mean = bits / kStories;
  const double error = std::sqrt((squares / kStories - mean * mean) / kStories);
  CHECK(std::abs(mean - g.entropy_bits()) < 4 * error);
  CHECK(bytes / kStories == Approx(g.expected_bytes()).epsilon(0.01));
}

TEST_CASE("every sentence of a story parses and a damaged one does not", "[models][grammar]") {
  const Grammar& g = Grammar::stories();
  std::mt19937_64 rng(12);
  for (int i = 0; i < 5; ++i) {
    const std::string text = g.sample(rng).text;
    for (const std::string_view sentence : split_sentences(text)) {
      INFO(sentence);
      CHECK(g.parses_as_sentence(sentence));
      std::string damaged(sentence);
      damaged.erase(damaged.size() / 2, 1);
      CHECK_FALSE(g.parses_as_sentence(damaged));
    }
  }
}

TEST_CASE("the same seed gives the same story", "[models][grammar]") {
  std::mt19937_64 a(5), b(5), c(6);
  const Grammar& g = Grammar::stories();
  const std::string story = g.sample(a).text;
  CHECK(story == g.sample(b).text);
  CHECK(story != g.sample(c).text);
}

}  // namespace
}  // namespace tern::models
