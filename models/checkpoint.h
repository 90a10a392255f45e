// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints: GGUF files with the keys and tensor names that bitnet.cpp and llama.cpp use
// (shared/reference/formats.md 6.7), to a Model and from master weights.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "models/flavour.h"
#include "models/gguf.h"
#include "models/master_weights.h"
#include "models/model.h"
#include "models/tokenizer.h"

namespace tern::models {

// Maps the file; weights stay where they lie, in the format of the file.
// Throws std::runtime_error: one line that names the file and the key or tensor that is wrong.
std::unique_ptr<const Model> load_checkpoint(const std::string& path);

// The same for a parsed file, whose bytes `owner` keeps alive; `mapped`: they are a MappedFile's.
std::unique_ptr<const Model> read_model(const Gguf& file, std::shared_ptr<const void> owner,
                                        bool mapped = false);

// Writes whole or not at all: linears as I2_S with one absmean scale per tensor (their columns
// must be multiples of 128) or as F16, embeddings and head as F16, norms as F32. `extra` are
// further string keys. config.architecture must fix the rest of the config as architecture.cc says.
// Throws std::runtime_error naming the path and the field or tensor.
void write_checkpoint(const std::string& path, const MasterWeights& master,
                      const TokenizerData& tokenizer, Flavour flavour,
                      std::span<const std::pair<std::string, std::string>> extra = {});

}  // namespace tern::models
