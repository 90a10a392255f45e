// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints: GGUF files with the keys and tensor names that bitnet.cpp and llama.cpp use
// (shared/reference/formats.md 6.7) and Hugging Face directories (hf_checkpoint.h), to a Model; and
// GGUF files from master weights.

#pragma once

#include <cstdint>
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

// I2_S of a GGUF file means another order of weights where bitnet.cpp's own quantiser ran on ARM
// (formats.md 6.2). Both have the same codes in the same places, so any bytes are sound in both:
// nothing in a file tells them apart, and who reads it must know. Files of the converter and all
// released ones are x86's. Only rows of 64 (2k + 1) weights are certain: x86 cannot hold them.
enum class I2sLayout : std::uint8_t { kX86, kArm };

struct LoadOptions {
  I2sLayout i2s = I2sLayout::kX86;
  // Whether weights that memory cannot hold are an error, which says how much they need: they are
  // to be run, not converted.
  bool must_fit = false;
};

// Of the files that hold the weights: the GGUF file, or the safetensors of a directory. 0 where
// there are none.
std::uintmax_t weight_file_bytes(const std::string& path);

// A GGUF file or a Hugging Face directory. Maps the files; weights stay where they lie, in their
// format there.
// Throws std::runtime_error: one line that names the file and the key or tensor that is wrong.
std::unique_ptr<const Model> load_checkpoint(const std::string& path,
                                             const LoadOptions& options = {});

// Its shape, by the headers of its files alone: in no time, and most of what load_checkpoint()
// would refuse. Throws likewise.
Config read_config(const std::string& path, const LoadOptions& options = {});

// The same as load_checkpoint() for a parsed file, whose bytes `owner` keeps alive; `mapped`: they
// are a MappedFile's.
std::unique_ptr<const Model> read_model(const Gguf& file, std::shared_ptr<const void> owner,
                                        bool mapped = false, const LoadOptions& options = {});

// Writes whole or not at all: linears as I2_S with one absmean scale per tensor (their columns
// must be multiples of 128) or as F16, embeddings and head as F16, norms as F32. `extra` are
// further string keys. config.architecture must fix the rest of the config as architecture.cc says.
// Throws std::runtime_error naming the path and the field or tensor.
void write_checkpoint(const std::string& path, const MasterWeights& master,
                      const TokenizerData& tokenizer, Flavour flavour,
                      std::span<const std::pair<std::string, std::string>> extra = {});

}  // namespace tern::models
