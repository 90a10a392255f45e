// SPDX-License-Identifier: Apache-2.0
//
// The first cut of a byte-level BPE tokenizer: text into words, numbers, punctuation and blanks, by
// the regular expression that a checkpoint names (`tokenizer.ggml.pre`).

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

struct pcre2_real_code_8;

namespace tern::models {

struct PreTokenizerKind {
  std::string_view name;
  std::string_view pattern;  // matches at every position of every text, never nothing
  bool ignore_merges;        // a piece that is a token is that token, whatever the merges say
};

std::span<const PreTokenizerKind> pre_tokenizer_kinds() noexcept;

class PreTokenizer {
 public:
  // Throws std::runtime_error listing the names there are.
  explicit PreTokenizer(std::string_view name);

  const PreTokenizerKind& kind() const { return *kind_; }

  // Calls piece(p) for consecutive parts of `text` that cover it. Bytes that are not UTF-8 end the
  // text before them as its end would; a run of them is one piece.
  void split(std::string_view text, const std::function<void(std::string_view)>& piece) const;

 private:
  void split_valid(std::string_view text, const std::function<void(std::string_view)>& piece) const;

  const PreTokenizerKind* kind_;
  std::shared_ptr<const pcre2_real_code_8> code_;
};

}  // namespace tern::models
