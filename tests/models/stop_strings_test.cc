// SPDX-License-Identifier: Apache-2.0
//
// State space: texts with and without stop strings, cut into pieces in every way; strings that
// begin alike, contain each other and overlap with themselves.
// Parameters: the strings; the cuts, all of a short text.

#include "models/stop_strings.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace tern::models {
namespace {

using Strings = std::vector<std::string>;

// Where the text ends and what is shown of it, byte by byte: the first end of any string, the
// longest of those that end there.
std::pair<bool, std::string> naive(const Strings& strings, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& s : strings)
      if (text.substr(0, end).ends_with(s)) longest = std::max(longest, s.size());
    if (longest != 0) return {true, text.substr(0, end - longest)};
  }
  return {false, text};
}

TEST_CASE("however a text is cut it ends before the first stop string", "[models]") {
  const Strings strings = GENERATE(Strings{"ab"}, Strings{"aab"}, Strings{"abab", "ba"},
                                   Strings{"b", "abb", "aabb"}, Strings{"aba", "bab", "aaaa"});
  for (unsigned letters = 0; letters < 1 << 7; ++letters) {
    std::string text;
    for (int i = 0; i < 7; ++i) text += (letters >> i & 1) != 0 ? 'b' : 'a';
    const auto [hit, shown] = naive(strings, text);
    for (unsigned cuts = 0; cuts < 1 << 6; ++cuts) {
      StopStrings stop(strings);
      std::string out, piece;
      for (std::size_t i = 0; i < text.size(); ++i) {
        piece += text[i];
        if (i + 1 < text.size() && (cuts >> i & 1) == 0) continue;
        out += stop.add(piece);
        piece.clear();
      }
      REQUIRE(stop.hit() == hit);
      REQUIRE(out + stop.finish() == shown);
    }
  }
}

TEST_CASE("what may begin a stop string is held back and released when it does not", "[models]") {
  StopStrings stop({"</s>", "User:"});
  CHECK(stop.add("Hi") == "Hi");
  CHECK(stop.add(" <") == " ");
  CHECK(stop.add("/") == "");
  CHECK(stop.add("p> U") == "</p> ");
  CHECK(stop.add("se it") == "Use it");
  CHECK(stop.add(" Us") == " ");
  CHECK_FALSE(stop.hit());
  CHECK(stop.add("er: more") == "");
  CHECK(stop.hit());
  CHECK(stop.add("text") == "");
  CHECK(stop.finish() == "");
}

TEST_CASE("without stop strings text passes and an empty one is refused", "[models]") {
  StopStrings none({});
  CHECK(none.add("abc") == "abc");
  CHECK(none.finish() == "");
  CHECK_THROWS_WITH(StopStrings({"a", ""}), Catch::Contains("a stop string is empty"));
}

}  // namespace
}  // namespace tern::models
