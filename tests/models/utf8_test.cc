// SPDX-License-Identifier: Apache-2.0
//
// State space: every code point's encoding, whole and cut; every two-byte string; surrogates,
// overlong forms and code points beyond the last.
// Parameters: none.

#include "models/utf8.h"

#include <catch2/catch.hpp>
#include <string>

namespace tern::models {
namespace {

std::string encode(unsigned c) {
  const auto byte = [](unsigned b) { return static_cast<char>(b); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | (c >> 6)), byte(0x80 | (c & 63))};
  if (c < 0x10000)
    return {byte(0xE0 | (c >> 12)), byte(0x80 | ((c >> 6) & 63)), byte(0x80 | (c & 63))};
  return {byte(0xF0 | (c >> 18)), byte(0x80 | ((c >> 12) & 63)), byte(0x80 | ((c >> 6) & 63)),
          byte(0x80 | (c & 63))};
}

TEST_CASE("every code point but surrogates is one character whole and unfinished when cut",
          "[models]") {
  std::size_t wrong = 0;
  for (unsigned c = 0; c < 0x120000; ++c) {
    const std::string s = encode(c);
    const bool legal = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
    wrong += utf8_char(s) != (legal ? s.size() : 0);
    wrong += utf8_prefix("ab" + s) != (legal ? 2 + s.size() : 2);
    wrong += legal && utf8_unfinished("ab" + s) != 0;
    for (std::size_t n = 1; legal && n < s.size(); ++n)
      wrong += utf8_unfinished("ab" + s.substr(0, n)) != n || utf8_char(s.substr(0, n)) != 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("of all two byte strings only the shortest forms are characters", "[models]") {
  std::size_t characters = 0;
  for (unsigned v = 0; v < 0x10000; ++v) {
    const std::string s = {static_cast<char>(v >> 8), static_cast<char>(v & 255)};
    characters += utf8_char(s) == 2;
  }
  CHECK(characters == 0x800 - 0x80);
  CHECK(utf8_char("\xE0\x80\x80") == 0);
  CHECK(utf8_char("\xF0\x80\x80\x80") == 0);
  CHECK(utf8_char("") == 0);
}

TEST_CASE("what no further byte can complete is not unfinished", "[models]") {
  CHECK(utf8_unfinished("\xFF") == 0);
  CHECK(utf8_unfinished("\x80\x80\x80") == 0);
  CHECK(utf8_unfinished("\xED\xA0") == 0);
  CHECK(utf8_unfinished("") == 0);
}

}  // namespace
}  // namespace tern::models
