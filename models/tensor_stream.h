// SPDX-License-Identifier: Apache-2.0
//
// Tensors on their way into a file: what the header says of each, and who makes its bytes. Files of
// any size are so written with one tensor's bytes in memory, or less.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/gguf.h"

namespace tern::models {

// Takes the next bytes of a tensor; they are borrowed until it returns.
using EmitBytes = std::function<void(std::span<const std::byte>)>;

struct TensorStream {
  std::string name;
  std::vector<std::uint64_t> shape;  // innermost first
  TensorType type;
  // Calls emit for all of the tensor's bytes, in order. Called once.
  std::function<void(const EmitBytes& emit)> produce;
};

// Called before each tensor with its index; returns false to stop. Then, and when a tensor cannot
// be made, nothing is left of the file.
using BeforeTensor = std::function<bool(std::size_t)>;

}  // namespace tern::models
