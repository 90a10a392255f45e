// SPDX-License-Identifier: Apache-2.0

#include "experiments/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "experiments/commands.h"
#include "models/utf8.h"

namespace tern::experiments {

namespace {

bool to_stderr = false;

}  // namespace

void print_to_stderr() { to_stderr = true; }

void print_out(std::string_view text) {
  if (to_stderr) {
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
    return;
  }
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return;
  if (errno == EPIPE) throw Exit{0};
  throw std::runtime_error(std::string("standard output: cannot write: ") + std::strerror(errno));
}

namespace {

// Takes from the front of `text` what is known, with U+FFFD for each longest part that begins no
// character (Unicode 15, section 3.9, U+FFFD substitution of maximal subparts). At the `end` all.
std::string take_well_formed(std::string& text, bool end) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (const std::size_t whole = models::utf8_prefix(rest); whole != 0) {
      out += rest.substr(0, whole);
      at += whole;
      continue;
    }
    if (!end && models::utf8_unfinished(rest) == rest.size()) break;
    std::size_t ill = std::min<std::size_t>(3, rest.size());
    while (ill > 1 && models::utf8_unfinished(rest.substr(0, ill)) != ill) --ill;
    out += kReplacement;
    at += ill;
  }
  text.erase(0, at);
  return out;
}

}  // namespace

void TextStream::add(std::string_view bytes) {
  pending_ += bytes;
  if (const std::string text = take_well_formed(pending_, false); !text.empty()) print_out(text);
}

void TextStream::finish() { print_out(take_well_formed(pending_, true)); }

}  // namespace tern::experiments
