// SPDX-License-Identifier: Apache-2.0
//
// Where one UTF-8 character ends. Well-formed means Unicode table 3-7: no overlong forms, no
// surrogates, nothing beyond U+10FFFF.

#pragma once

#include <cstddef>
#include <string_view>

namespace tern::models {

// Bytes of the well-formed character that `text` begins with, or 0 when it begins with none.
std::size_t utf8_char(std::string_view text) noexcept;

// Bytes of the longest well-formed prefix of `text`.
std::size_t utf8_prefix(std::string_view text) noexcept;

// Bytes at the end of `text`, at most 3, that begin a character which more bytes could complete.
std::size_t utf8_unfinished(std::string_view text) noexcept;

// Bytes of the blank, a character of Unicode's White_Space, that `text` begins with or ends with;
// 0: none.
std::size_t utf8_blank(std::string_view text) noexcept;
std::size_t utf8_blank_behind(std::string_view text) noexcept;

}  // namespace tern::models
