// SPDX-License-Identifier: Apache-2.0

#include "experiments/token_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tern::experiments {

std::vector<models::TokenId> parse_ids(std::string_view text, std::size_t vocab,
                                       const std::string& where) {
  constexpr std::string_view kBlanks = " \t\r\n", kEnds = ", \t\r\n";
  const auto skip = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  };
  std::vector<models::TokenId> ids;
  skip();
  if (text.starts_with('[')) {
    const std::size_t end = text.find_last_not_of(kBlanks);
    if (text[end] != ']') throw std::runtime_error(where + ": found [ without its ]");
    text = text.substr(1, end - 1);
    skip();
  }
  for (bool comma = false; !text.empty() || comma;) {
    const std::string_view found = text.substr(0, text.find_first_of(kEnds));
    if (found.empty())
      throw std::runtime_error(fmt::format(
          "{}: found an empty entry {}", where,
          ids.empty() ? "at the beginning" : fmt::format("after token {}", ids.back())));
    models::TokenId id = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), id);
    const bool number = error == std::errc() || error == std::errc::result_out_of_range;
    if (!number || end != found.data() + found.size())
      throw std::runtime_error(
          fmt::format("{}: found '{}', expected numbers of tokens", where, found.substr(0, 40)));
    if (error != std::errc() || id >= vocab)
      throw std::runtime_error(fmt::format("{}: found token {}, expected 0 to {}", where,
                                           found.substr(0, 40), vocab - 1));
    ids.push_back(id);
    text.remove_prefix(found.size());
    skip();
    comma = text.starts_with(',');
    if (!comma) continue;
    text.remove_prefix(1);
    skip();
  }
  return ids;
}

}  // namespace tern::experiments
