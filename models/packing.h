// SPDX-License-Identifier: Apache-2.0
//
// Weights on their way into the packed formats: from float32 masters, and from the ternary layouts
// that other programs write.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/f16.h"
#include "models/gguf.h"

namespace tern::models {

struct PackedTernary {
  std::vector<std::uint8_t> t2;  // [rows, t2_row_bytes(cols)]
  float gamma = 0;
};

// Absmean per tensor (kernels/quantize.h). Throws std::runtime_error when a weight is not finite;
// `name` is the tensor's name in the message.
PackedTernary pack_ternary(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                           const std::string& name);

// Round to nearest even. Throws where the result would not be finite.
std::vector<kernels::f16> pack_f16(const std::vector<float>& w, const std::string& name);

// TQ1_0 or TQ2_0 (formats.md 6.5), cols a multiple of 256. Every block must have the same finite
// positive scale, but a block of scale 0 counts as zeros. Throws std::runtime_error that says what
// is wrong, without a name.
PackedTernary repack_tq(TensorType type, std::span<const std::byte> data, std::size_t rows,
                        std::size_t cols);

}  // namespace tern::models
