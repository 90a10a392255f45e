// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of a Hugging Face model directory: tokenizer.json (huggingface/tokenizers), else
// tokenizer.model (sentencepiece.h); and what the files beside it say about special tokens and chat
// templates (huggingface/transformers, tokenization_utils_base.py).

#pragma once

#include <string>
#include <string_view>

#include "models/tokenizer.h"

namespace tern::models {

// tokenizer.json: BPE, byte-level or of SentencePiece's kind. What it asks for is done or refused,
// by name. Throws std::runtime_error: one line that names `where` and the field.
TokenizerData parse_tokenizer_json(std::string_view text, const std::string& where);

// Data without tokens where the directory has no tokenizer: such a model takes ids alone. Throws
// std::runtime_error: one line that names the file and the field that is wrong.
TokenizerData read_hf_tokenizer(const std::string& directory);

// The tokenizer of a GGUF file, of a directory, of a tokenizer.json or of a tokenizer.model, told
// apart by what they hold. Throws std::runtime_error as the others do, and where a directory has
// none.
TokenizerData load_tokenizer(const std::string& path);

}  // namespace tern::models
