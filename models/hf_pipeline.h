// SPDX-License-Identifier: Apache-2.0
//
// What tokenizer.json says around its model: normaliser, pre-tokenizer, post-processor, decoder.
// Steps that this program does not do are refused by name.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/tokenizer_data.h"

namespace tern::models {

struct HfPipeline {
  bool byte_level = false;            // else blanks become U+2581
  std::vector<std::string> patterns;  // of the pre-tokenizer, byte_level
  bool prefix = false;                // a blank before the text
  PrefixRule rule = PrefixRule::kAlways;
  bool normalizes = false;  // added tokens may be looked for in what it makes of a text
  std::optional<std::uint64_t> bos, eos;  // that are added
};

// `file`: the whole of tokenizer.json, vocabulary and merges apart. Throws std::runtime_error.
HfPipeline read_hf_pipeline(const nlohmann::json& file, const std::string& where);

}  // namespace tern::models
