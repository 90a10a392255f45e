// SPDX-License-Identifier: Apache-2.0
//
// Token ids as a user writes them.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer.h"

namespace tern::experiments {

// Numbers between blanks, or single commas, all of them within brackets or not: "1,2,3", "1 2 3",
// "[1, 2, 3]"; maybe none. Throws std::runtime_error naming `where` for anything else, and for an
// id of `vocab` or more.
std::vector<models::TokenId> parse_ids(std::string_view text, std::size_t vocab,
                                       const std::string& where);

}  // namespace tern::experiments
