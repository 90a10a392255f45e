// SPDX-License-Identifier: Apache-2.0
//
// The energy model behind the figures of the BitNet papers: arithmetic of the matrix products of
// one forward pass, no memory, no LM head (BitNet, arXiv 2310.11453, section 2.4 and Table 1;
// BitNet b1.58 2B4T, arXiv 2504.12285, Table 1 and appendix B). It is here so that our tables can
// be seen to give the known figures; Tern's own results come from counted activity.

#pragma once

#include <cstdint>

#include "energy/technology.h"

namespace tern::energy {

struct NetworkShape {
  std::uint64_t layers;
  std::uint64_t attention_dim;   // heads * head_dim
  std::uint64_t linear_weights;  // of all layers, without embedding and head
};

enum class PaperFormat : std::uint8_t { kFp32, kFp16, kBitNet };

struct PaperEnergy {
  double multiply_j;
  double add_j;

  double total_j() const { return multiply_j + add_j; }
};

// One pass over `tokens` tokens. Attention is the full, non-causal product, in FP16 for kBitNet,
// whose linear layers are charged one int8 addition per weight.
PaperEnergy paper_energy(const NetworkShape& shape, std::uint64_t tokens, PaperFormat format,
                         const Technology& technology);

}  // namespace tern::energy
