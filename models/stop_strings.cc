// SPDX-License-Identifier: Apache-2.0

#include "models/stop_strings.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tern::models {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  for (const std::string& s : strings_)
    if (s.empty()) throw std::runtime_error("a stop string is empty");
}

std::string StopStrings::add(std::string_view text) {
  if (hit_) return {};
  held_ += text;
  std::size_t at = held_.npos, end = held_.npos;
  for (const std::string& s : strings_) {
    const std::size_t found = held_.find(s);
    if (found == held_.npos || std::pair(found + s.size(), found) >= std::pair(end, at)) continue;
    at = found;
    end = found + s.size();
  }
  std::size_t shown = at;
  hit_ = at != held_.npos;
  if (!hit_) {
    // The longest end of the text that begins a stop string.
    std::size_t kept = 0;
    for (const std::string& s : strings_)
      for (std::size_t n = std::min(s.size() - 1, held_.size()); n > kept; --n)
        if (std::string_view(held_).ends_with(std::string_view(s).substr(0, n))) kept = n;
    shown = held_.size() - kept;
  }
  std::string out = held_.substr(0, shown);
  held_.erase(0, hit_ ? held_.size() : shown);
  return out;
}

std::string StopStrings::finish() { return std::exchange(held_, {}); }

}  // namespace tern::models
