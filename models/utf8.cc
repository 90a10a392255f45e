// SPDX-License-Identifier: Apache-2.0

#include "models/utf8.h"

#include <algorithm>

namespace tern::models {
namespace {

// The lengths and the range of the second byte that a lead byte allows.
struct Lead {
  std::size_t length;  // 0: no lead byte
  unsigned low = 0x80, high = 0xBF;
};

Lead lead(unsigned byte) noexcept {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// How many bytes of text, from the front, fit the character its first byte announces.
std::size_t fitting(std::string_view text, const Lead& form) noexcept {
  std::size_t n = 1;
  while (n < std::min(form.length, text.size())) {
    const unsigned byte = static_cast<unsigned char>(text[n]);
    const unsigned low = n == 1 ? form.low : 0x80;
    const unsigned high = n == 1 ? form.high : 0xBF;
    if (byte < low || byte > high) break;
    ++n;
  }
  return n;
}

}  // namespace

std::size_t utf8_char(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const Lead form = lead(static_cast<unsigned char>(text[0]));
  return form.length != 0 && fitting(text, form) == form.length ? form.length : 0;
}

std::size_t utf8_prefix(std::string_view text) noexcept {
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t length =
        static_cast<unsigned char>(text[done]) < 0x80 ? 1 : utf8_char(text.substr(done));
    if (length == 0) break;
    done += length;
  }
  return done;
}

std::size_t utf8_unfinished(std::string_view text) noexcept {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const Lead form = lead(static_cast<unsigned char>(tail[0]));
    if (form.length > back && fitting(tail, form) == back) return back;
  }
  return 0;
}

std::size_t utf8_blank(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return unsigned{static_cast<unsigned char>(text[i])}; };
  switch (utf8_char(text)) {
    case 1:
      return (byte(0) >= 9 && byte(0) <= 13) || byte(0) == ' ' ? 1 : 0;
    case 2: {
      const unsigned code = (byte(0) & 31) << 6 | (byte(1) & 63);
      return code == 0x85 || code == 0xA0 ? 2 : 0;
    }
    case 3: {
      const unsigned code = (byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
      const bool blank = code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
                         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
      return blank ? 3 : 0;
    }
    default:
      return 0;
  }
}

std::size_t utf8_blank_behind(std::string_view text) noexcept {
  for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size()); ++n)
    if (utf8_blank(text.substr(text.size() - n)) == n) return n;
  return 0;
}

}  // namespace tern::models
