// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of a Hugging Face model directory.

#pragma once

#include <string>

#include "models/tokenizer.h"

namespace tern::models {

// Data without tokens where the directory has no tokenizer: such a model takes ids alone. Throws
// std::runtime_error: one line that names the file and the field that is wrong.
TokenizerData read_hf_tokenizer(const std::string& directory);

}  // namespace tern::models
