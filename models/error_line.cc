// SPDX-License-Identifier: Apache-2.0

#include "models/error_line.h"

#include <utility>

namespace tern::models {
namespace {

constexpr std::size_t kLongestShownName = 64;

}  // namespace

std::string shown(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kLongestShownName)) out += c < ' ' || c > '~' ? '?' : c;
  if (name.size() > kLongestShownName) out += "...";
  return out.empty() ? "(no name)" : out;
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  return text;
}

std::string error_line(std::string_view where, std::string_view field, std::string_view what) {
  std::string line;
  for (const std::string_view part : {where, std::string_view(": "), field, std::string_view(": ")})
    line += part;
  line += what;
  return one_line(std::move(line));
}

}  // namespace tern::models
