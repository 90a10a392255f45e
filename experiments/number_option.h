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

// Whether `text` is a number above `most`, also one that no type holds.
template <typename T>
bool reads_above(const std::string& text, T most) {
  char* end = nullptr;
  const long double value = std::strtold(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' && value > static_cast<long double>(most);
}

// `above` is expected where a number is too large, by default what is expected of all.
template <typename T>
CLI::Validator number_that(T least, T most, const std::string& expected,
                           const std::string& above = "") {
  return {[=](const std::string& text) {
            T number{};
            if (read_number(text, number) && number >= least && number <= most)
              return std::string();
            return fmt::format("found {}, expected {}", text.empty() ? "none" : text,
                               !above.empty() && reads_above(text, most) ? above : expected);
          },
          expected};
}

template <typename T>
CLI::Validator between(T least, T most) {
  return number_that(least, most, fmt::format("{} to {}", least, most));
}

template <typename T>
CLI::Validator at_least(T least) {
  constexpr T kMost = std::numeric_limits<T>::max();
  return number_that(least, kMost, fmt::format("at least {}", least),
                     fmt::format("{} to {}", least, kMost));
}

inline CLI::Validator above_0() {
  constexpr double kMost = std::numeric_limits<double>::max();
  return number_that(std::numeric_limits<double>::denorm_min(), kMost, "above 0",
                     fmt::format("above 0 and at most {}", kMost));
}

}  // namespace tern::experiments
