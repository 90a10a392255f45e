// SPDX-License-Identifier: Apache-2.0
//
// The small JSON files of a Hugging Face directory, as transformers writes them.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/hf_config.h"
#include "models/tokenizer.h"

namespace tern::models {

// config.json. `dtype`: "float32", "float16", "bfloat16". Throws std::runtime_error where no
// rope_scaling gives the divisors.
std::string hf_config_text(const Config& config, const TokenizerData& tokenizer,
                           const std::vector<float>& rope_divisors, HfLinears linears,
                           std::string_view dtype);

std::string hf_generation_config_text(const TokenizerData& tokenizer);

// tokenizer_config.json, chat template included.
std::string hf_tokenizer_config_text(const Config& config, const TokenizerData& tokenizer);

// The tokenizer's own file: tokenizer.model (SentencePiece's protocol buffer) of model "llama" with
// scores, else tokenizer.json.
struct NamedText {
  std::string name, text;
};
NamedText hf_tokenizer_file(const TokenizerData& tokenizer);

}  // namespace tern::models
