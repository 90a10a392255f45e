// SPDX-License-Identifier: Apache-2.0

#include "models/architecture.h"

#include <array>

namespace tern::models {
namespace {

constexpr std::array kTable = {
    // BitNet b1.58 2B4T under its name since April 2025, and under that of its first upload.
    Architecture{"bitnet-b1.58", Activation::kRelu2, RopePairing::kHalfSplit, true},
    Architecture{"bitnet-25", Activation::kRelu2, RopePairing::kHalfSplit, true},
    // The 1bitLLM reproductions (700M, 3B).
    Architecture{"bitnet", Activation::kSilu, RopePairing::kHalfSplit, true},
    Architecture{"llama", Activation::kSilu, RopePairing::kAdjacent, false},
};

}  // namespace

std::span<const Architecture> architectures() noexcept { return kTable; }

const Architecture* find_architecture(std::string_view name) noexcept {
  for (const Architecture& architecture : kTable)
    if (architecture.name == name) return &architecture;
  return nullptr;
}

}  // namespace tern::models
