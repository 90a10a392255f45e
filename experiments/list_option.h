// SPDX-License-Identifier: Apache-2.0
//
// Options that take several values.

#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tern::experiments {

// Adds an option of values between commas, each of which must pass `check`; it may be repeated. An
// empty one is refused, where CLI11's delimiter() would drop it.
template <typename T>
CLI::Option* add_list(CLI::App& command, const std::string& names, std::vector<T>& values,
                      const std::string& help, const CLI::Validator& check = {}) {
  const std::string name = names.substr(names.rfind(',') + 1);
  const auto value_of = [=](const std::string& text) -> T {
    if (text.empty()) throw CLI::ValidationError(name, "found an empty entry between the commas");
    if (const std::string error = check(text); !error.empty())
      throw CLI::ValidationError(name, error);
    if constexpr (std::is_arithmetic_v<T>) {
      T value = 0;
      const char* const end = text.data() + text.size();
      const auto [at, error] = std::from_chars(text.data(), end, value);
      if (at == end && error == std::errc::result_out_of_range)
        throw CLI::ValidationError(name, "found " + text + ", expected at most " +
                                             std::to_string(std::numeric_limits<T>::max()));
      if (at != end || error != std::errc())
        throw CLI::ValidationError(name, "found '" + text + "', expected " +
                                             (std::is_integral_v<T> ? "whole " : "") +
                                             "numbers between commas");
      return value;
    } else {
      return text;
    }
  };
  const auto take = [&values, value_of](const CLI::results_t& results) {
    values.clear();
    for (const std::string& list : results)
      for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        values.push_back(value_of(list.substr(begin, end - begin)));
        begin = end + 1;
      }
    return true;
  };
  const auto shown = [&values] { return CLI::detail::join(values, ","); };
  const std::string allowed = check.get_description();
  return command.add_option(names, take, help, true, shown)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false)
      ->type_name(CLI::detail::type_name<T>() + std::string(",...") +
                  (allowed.empty() ? "" : ":" + allowed));
}

}  // namespace tern::experiments
