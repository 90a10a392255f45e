// SPDX-License-Identifier: Apache-2.0
//
// What every accepted tokenizer must do: encode any text and decode any of its tokens.

#pragma once

#include <algorithm>
#include <string_view>

#include "models/tokenizer.h"
#include "tests/fuzz/fuzz.h"

namespace tern::models {

inline void use_tokenizer(const Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text.substr(0, 64), true);
  for (const TokenId id : ids)
    if (id >= tokenizer.size()) std::abort();
  (void)tokenizer.decode(ids, true);
  std::vector<TokenId> all(std::min<std::size_t>(tokenizer.size(), 512));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<TokenId>(i);
  (void)tokenizer.decode(all);
}

}  // namespace tern::models
