// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face model directories: config.json, and model.safetensors or the shards that
// model.safetensors.index.json lists (shared/reference/formats.md 6.6).

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/hf_config.h"
#include "models/model.h"
#include "models/safetensors.h"

namespace tern::models {

// Weights stay where they lie, in the format of the file, but for masters of ternary weights, which
// are quantised, and tensors that are not aligned to their words, which are copied. A directory
// without a tokenizer gives a model without one (Model::tokenizer).
// Throws std::runtime_error: one line that names the file and the field or tensor that is wrong.
std::unique_ptr<const Model> load_hf_directory(const std::string& directory);

// What it begins with: the files, of which no tensor has been looked at. Throws likewise.
struct HfFiles {
  HfConfig config;
  std::vector<Safetensors> files;
  std::vector<std::shared_ptr<const void>> owners;  // keep their bytes alive
};
HfFiles open_hf_directory(const std::string& directory);

// Of the files of a directory: its path, and the names of those that hold the weights. The latter
// throws likewise.
std::string hf_path(const std::string& directory, const std::string& name);
std::vector<std::string> hf_weight_files(const std::string& directory);

// The same of parsed files, whose bytes `owners` keep alive; `mapped`: they are MappedFiles'.
std::unique_ptr<const Model> read_hf_model(const HfConfig& config,
                                           std::span<const Safetensors> files,
                                           std::vector<std::shared_ptr<const void>> owners,
                                           std::optional<Tokenizer> tokenizer, bool mapped);

// The files that an index names, each once, in order. Plain names only. Throws likewise.
std::vector<std::string> read_hf_index(std::string_view text, const std::string& where);

}  // namespace tern::models
