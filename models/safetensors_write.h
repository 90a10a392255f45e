// SPDX-License-Identifier: Apache-2.0
//
// Safetensors files written tensor by tensor (shared/reference/formats.md 6.6; the format's own
// description: github.com/huggingface/safetensors).

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/tensor_stream.h"

namespace tern::models {

struct SafeTensorStream {
  std::string name;
  std::string_view dtype;                              // "F32", "F16", "BF16", "U8"
  std::vector<std::uint64_t> shape;                    // outermost first
  std::function<void(const EmitBytes& emit)> produce;  // as TensorStream's

  std::uint64_t bytes() const;
};

// The order in which the format's own writer puts them: wide elements first, so that all lie
// aligned, then by name.
void sort_safetensors(std::vector<SafeTensorStream>& tensors);

// Whole or not at all, in the order given. Returns whether `before` let it end. Throws
// std::runtime_error naming `path`, and what a produce() throws.
bool write_safetensors(const std::string& path, std::span<const SafeTensorStream> tensors,
                       const BeforeTensor& before = {});

}  // namespace tern::models
