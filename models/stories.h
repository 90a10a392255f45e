// SPDX-License-Identifier: Apache-2.0
//
// The grammar of the stories, as text. Its notation, line by line ('#' opens a comment line; a
// line that begins with a blank goes on with the one before):
//
//   record SET NAME field=text ...     adds NAME to SET; text runs to the next blank, '_' is one
//   rule NAME[v ...] = ALT | ALT ...   a symbol with parameters, each bound to a record
//   sentence NAME[v ...] = ...         the same, and what it derives is one sentence
//
// ALT is: an optional weight (default 1), any number of `for v in SET` or `for v in SET except w`
// (one alternative per record, the weight shared equally), a colon if there was a `for`, and then
// items: "text with {v} and {v.field}", a symbol NAME or NAME[v ...]. The first rule is the start.

#pragma once

#include <string_view>

namespace tern::models {

extern const std::string_view kStoriesGrammar;

}  // namespace tern::models
