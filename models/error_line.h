// SPDX-License-Identifier: Apache-2.0
//
// Readers' error messages: one readable line, whatever bytes a file has for names.

#pragma once

#include <string>
#include <string_view>

namespace tern::models {

// A name from a file: at most 64 characters of printable ASCII.
std::string shown(std::string_view name);

// The text with '?' for control characters.
std::string one_line(std::string text);

// "<where>: <field>: <what>" without control characters.
std::string error_line(std::string_view where, std::string_view field, std::string_view what);

}  // namespace tern::models
