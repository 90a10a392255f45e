// SPDX-License-Identifier: Apache-2.0
//
// Ids to bytes one by one, as a model says them: the parts put together are what decode() makes of
// all of them. A part need not end where a character does (experiments/output.h).

#pragma once

#include <string_view>

#include "models/tokenizer.h"

namespace tern::models {

class Detokenizer {
 public:
  // The tokenizer must outlive it. `at_start`: the first id is the first of a text, whose leading
  // blank the tokenizer has added; false: it continues one, and every blank counts.
  explicit Detokenizer(const Tokenizer& tokenizer, bool render_special = false,
                       bool at_start = true)
      : tokenizer_(tokenizer), render_special_(render_special), at_start_(at_start) {}

  // The bytes that this id adds, which the tokenizer holds. id < tokenizer.size().
  std::string_view add(TokenId id) {
    std::string_view bytes = tokenizer_.bytes_of(id);
    if (!render_special_ && tokenizer_.is_control(id)) return {};
    const bool drop = at_start_ && tokenizer_.may_begin_with_prefix(id);
    if (drop) bytes.remove_prefix(1);
    if (drop || !bytes.empty()) at_start_ = false;
    return bytes;
  }

 private:
  const Tokenizer& tokenizer_;
  bool render_special_, at_start_;
};

}  // namespace tern::models
