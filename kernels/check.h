// SPDX-License-Identifier: Apache-2.0
//
// TERN_CHECK(condition, "message"): a broken promise of the programmer ends the program, in every
// build. Bad input is not a broken promise: it throws std::runtime_error instead.

#pragma once

namespace tern {

[[noreturn]] void check_failed(const char* condition, const char* message, const char* file,
                               int line) noexcept;

}  // namespace tern

#define TERN_CHECK(condition, message)   \
  (static_cast<bool>(condition) ? void() \
                                : ::tern::check_failed(#condition, message, __FILE__, __LINE__))
