// SPDX-License-Identifier: Apache-2.0
//
// Which numbers an option takes, in this program's words: CLI11's own ranges state bounds of 309
// digits, let NaN pass and wrap what is below 0 around.

#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>

namespace tern::experiments {

// All of `text` as a number, as CLI11 reads it (0x10 is 16). False where it is none or T lacks it.
template <typename T>
bool read_number(const std::string& text, T& number) {
  if (text.empty() || (std::is_unsigned_v<T> && text.find('-') != text.npos)) return false;
  char* end = nullptr;
  errno = 0;
  if constexpr (std::is_floating_point_v<T>) {
    number = std::strtod(text.c_str(), &end);
    return *end == '\0';
  } else {
    using Wide = std::conditional_t<std::is_unsigned_v<T>, unsigned long long, long long>;
    Wide wide = 0;
    if constexpr (std::is_unsigned_v<T>)
      wide = std::strtoull(text.c_str(), &end, 0);
    else
      wide = std::strtoll(text.c_str(), &end, 0);
    number = static_cast<T>(wide);
    return *end == '\0' && errno == 0 && static_cast<Wide>(number) == wide;
  }
}

template <typename T>
CLI::Validator number_that(T least, T most, const std::string& expected) {
  return {[=](const std::string& text) {
            T number{};
            if (read_number(text, number) && number >= least && number <= most)
              return std::string();
            return fmt::format("found {}, expected {}", text.empty() ? "none" : text, expected);
          },
          expected};
}

template <typename T>
CLI::Validator between(T least, T most) {
  return number_that(least, most, fmt::format("{} to {}", least, most));
}

template <typename T>
CLI::Validator at_least(T least) {
  return number_that(least, std::numeric_limits<T>::max(), fmt::format("at least {}", least));
}

inline CLI::Validator above_0() {
  return number_that(std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
                     "above 0");
}

}  // namespace tern::experiments
