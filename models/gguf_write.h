// SPDX-License-Identifier: Apache-2.0
//
// GGUF files written tensor by tensor (shared/reference/formats.md 6.1).

#pragma once

#include <span>
#include <string>
#include <utility>

#include "models/gguf.h"
#include "models/tensor_stream.h"

namespace tern::models {

// Bytes of the file that write_gguf would write.
std::uint64_t gguf_bytes(std::span<const std::pair<std::string, GgufValue>> values,
                         std::span<const TensorStream> tensors);

// Whole or not at all; keys and tensors in the order given, tensors aligned to 32. Returns whether
// `before` let it end. Throws std::runtime_error naming `path`, and what a produce() throws.
bool write_gguf(const std::string& path, std::span<const std::pair<std::string, GgufValue>> values,
                std::span<const TensorStream> tensors, const BeforeTensor& before = {});

}  // namespace tern::models
