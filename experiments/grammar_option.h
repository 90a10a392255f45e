// SPDX-License-Identifier: Apache-2.0
//
// The --grammar option of the commands that sample or parse stories.

#pragma once

#include <string>

#include "models/grammar.h"

namespace tern::experiments {

// The grammar in the file, or that of the stories when the path is empty.
// Throws std::runtime_error naming file and line.
models::Grammar grammar_from(const std::string& path);

}  // namespace tern::experiments
