// SPDX-License-Identifier: Apache-2.0
//
// The keys of a checkpoint, in the order and of the types that bitnet.cpp and llama.cpp write them
// (shared/reference/formats.md 6.7).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/config.h"
#include "models/gguf.h"
#include "models/tokenizer.h"

namespace tern::models {

using GgufValues = std::vector<std::pair<std::string, GgufValue>>;

// general.file_type (llama.h of llama.cpp and bitnet.cpp) of a file whose linears are of that
// format of kernels/formats. Throws std::runtime_error where there is none.
std::uint32_t gguf_file_type(std::string_view linears);

// The type of tensors in that format of kernels/formats ("f16", "i2_s"). Throws likewise.
TensorType gguf_tensor_type(std::string_view format);

// Throws std::runtime_error naming the tensor where no reader could know how its bytes lie: TL1 and
// TL2 of a shape without a preset (kernels/formats/tl.h).
void check_gguf_shape(std::string_view format, std::size_t rows, std::size_t cols,
                      const std::string& tensor);

// Throws std::runtime_error naming the field where config or tokenizer are not sound, or the
// architecture does not fix the rest of the config as architecture.cc says.
void check_metadata(const Config& config, const TokenizerData& tokenizer);

GgufValues gguf_metadata(const Config& config, const TokenizerData& tokenizer,
                         std::uint32_t file_type);

}  // namespace tern::models
