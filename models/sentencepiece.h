// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's tokenizer.model: a protocol buffer (sentencepiece_model.proto of
// google/sentencepiece). The few fields that matter are read by own code, as the writer writes
// them (hf_write_tokenizer.cc): the wire format is two dozen lines, every length is checked here
// against the file's, and generated code would need protoc to build.

#pragma once

#include <string>
#include <string_view>

#include "models/tokenizer.h"

namespace tern::models {

// BPE models with the identity as normaliser, which is what LLaMA uses. BOS is added and EOS is
// not, as LLaMA's tokenizer does by default. Throws std::runtime_error: one line that names
// `where` and the field that is wrong or asks for what is not supported.
Tokenizer parse_sentencepiece(std::string_view bytes, const std::string& where);

// What it makes a Tokenizer of, for who has to add to it.
TokenizerData parse_sentencepiece_data(std::string_view bytes, const std::string& where);

}  // namespace tern::models
