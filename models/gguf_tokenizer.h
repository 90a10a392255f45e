// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of a GGUF file: its keys tokenizer.ggml.* (shared/reference/formats.md 6.7).

#pragma once

#include "models/gguf.h"
#include "models/tokenizer.h"

namespace tern::models {

// Throws std::runtime_error: one line that names the file and the key that is missing or wrong.
Tokenizer read_gguf_tokenizer(const Gguf& file);

}  // namespace tern::models
