// SPDX-License-Identifier: Apache-2.0
//
// Options that name a file to write.

#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace tern::experiments {

// Adds an option of one file, `path`, in which "-" is standard output. Where that is named, in any
// spelling, what print_out() prints goes to standard error: nothing stands beside the file.
CLI::Option* add_output(CLI::App& command, const std::string& names, std::string& path,
                        const std::string& help);

// Of outputs that standard output cannot be: refuses "-", in favour of `expected`.
CLI::Validator no_standard_output(const std::string& expected);

}  // namespace tern::experiments
