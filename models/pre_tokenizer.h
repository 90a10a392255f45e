// SPDX-License-Identifier: Apache-2.0
//
// The first cut of a byte-level BPE tokenizer: text into words, numbers, punctuation and blanks, by
// the regular expressions that a checkpoint names (`tokenizer.ggml.pre`) or spells out
// (`pre_tokenizer` of tokenizer.json).

#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/regex.h"

namespace tern::models {

struct PreTokenizerKind {
  std::string_view name;
  // Applied one after the other: matches and what lies between them are the next one's pieces.
  // Spelled as tokenizer.json spells them; empty ones are none.
  std::array<std::string_view, 5> patterns;
  bool ignore_merges;             // a piece that is a token is that token, whatever the merges say
  bool add_bos;                   // where the file does not say
  std::string_view aliases = "";  // further names that files use for it, a blank between them
};

std::span<const PreTokenizerKind> pre_tokenizer_kinds() noexcept;

// By name or alias. Throws std::runtime_error listing the names there are.
const PreTokenizerKind& find_pre_tokenizer(std::string_view name);
// By what it does; nullptr: no row does that.
const PreTokenizerKind* find_pre_tokenizer(const std::vector<std::string>& patterns,
                                           bool ignore_merges);
// What ByteLevel of tokenizer.json does with use_regex, and what its Digits does.
extern const std::string_view kGpt2Pattern, kDigitPattern;

class PreTokenizer {
 public:
  // Throws std::runtime_error listing the names there are.
  explicit PreTokenizer(std::string_view name);

  const PreTokenizerKind& kind() const { return *kind_; }

  // Calls piece(p) for consecutive parts of `text` that cover it. Bytes that are not UTF-8 end the
  // text before them as its end would; a run of them is one piece.
  void split(std::string_view text, const std::function<void(std::string_view)>& piece) const;

 private:
  const PreTokenizerKind* kind_;
  std::vector<Regex> steps_;
};

}  // namespace tern::models
