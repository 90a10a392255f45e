// SPDX-License-Identifier: Apache-2.0

#include "experiments/output_option.h"

#include <unistd.h>

#include "experiments/output.h"
#include "models/output_place.h"

namespace tern::experiments {

CLI::Option* add_output(CLI::App& command, const std::string& names, std::string& path,
                        const std::string& help) {
  const auto take = [](std::string& file) {
    if (file == "-") file = "/dev/stdout";
    if (!file.empty() && models::output_place(file).descriptor == STDOUT_FILENO) print_to_stderr();
    return std::string();
  };
  return command.add_option(names, path, help + "; -: standard output")
      ->transform(CLI::Validator(take, ""));
}

CLI::Validator no_standard_output(const std::string& expected) {
  return {[=](const std::string& name) {
            return name == "-" ? "expected " + expected + ", which standard output is not" : "";
          },
          ""};
}

}  // namespace tern::experiments
