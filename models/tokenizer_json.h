// SPDX-License-Identifier: Apache-2.0
//
// The file tokenizer.json, read as it streams by: a vocabulary of 128,256 tokens and 280,147
// merges as values of a JSON library would take ten times the file's bytes and as long as the rest
// of a model's start.

#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tern::models {

struct TokenizerJson {
  std::vector<std::pair<std::string, std::uint64_t>> vocab;  // model.vocab, where it is an object
  std::vector<std::string> merges;                           // model.merges: "left right"
  nlohmann::json rest;                                       // everything else
};

// Throws std::runtime_error: one line that begins with `where`, for what is no JSON, deeper than 32
// levels, or more than 2^19 values besides vocabulary and merges. Needs no more memory than some
// 100 bytes for each byte of the text, with that many values no more than 64 MB.
TokenizerJson read_tokenizer_json(std::string_view text, const std::string& where);

}  // namespace tern::models
