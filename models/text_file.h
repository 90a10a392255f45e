// SPDX-License-Identifier: Apache-2.0
//
// Texts, which may come from a pipe; models may not (whole_file.h).

#pragma once

#include <cstddef>
#include <string>

namespace tern::models {

inline constexpr std::size_t kMostPiped = std::size_t{1} << 30;  // bytes

// All bytes of a file, which may be empty; or of a pipe or device to its end, and of standard input
// for "-", at most `most` bytes: nothing else says when they end. Throws std::runtime_error naming
// `path`.
std::string read_text(const std::string& path, std::size_t most = kMostPiped);

}  // namespace tern::models
