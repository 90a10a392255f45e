// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer of a Hugging Face model directory: tokenizer.json (huggingface/tokenizers), else
// tokenizer.model (sentencepiece.h); and what the files beside it say about special tokens and chat
// templates (huggingface/transformers, tokenization_utils_base.py).

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "models/tokenizer.h"

namespace tern::models {

// tokenizer.json: BPE, byte-level or of SentencePiece's kind. What it asks for is done or refused,
// by name. Throws std::runtime_error: one line that names `where` and the field.
Tokenizer parse_tokenizer_json(std::string_view text, const std::string& where);

// What it makes a Tokenizer of, for who has to add to it.
TokenizerData parse_tokenizer_json_data(std::string_view text, const std::string& where);

// Nothing where the directory has no tokenizer: such a model takes ids alone. `vocab`, if it is not
// 0, goes to name_every_id(). Throws std::runtime_error: one line that names the file and the field
// that is wrong.
std::optional<Tokenizer> read_hf_tokenizer(const std::string& directory, std::size_t vocab = 0);

// Gives ids that the embedding has rows for, but the tokenizer no token, a name, as llama.cpp's
// converter does. Throws std::runtime_error beginning with `where` where there are more tokens than
// rows.
void name_every_id(TokenizerData& tokenizer, std::size_t vocab, const std::string& where);

// The tokenizer of a GGUF file, of a directory, of a tokenizer.json or of a tokenizer.model, told
// apart by what they hold. Throws std::runtime_error as the others do, and where a directory has
// none.
Tokenizer load_tokenizer(const std::string& path);

}  // namespace tern::models
