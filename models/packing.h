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
#include "kernels/formats/formats.h"

namespace tern::models {

struct PackedTernary {
  std::vector<std::uint8_t> t2;  // [rows, t2_row_bytes(cols)]
  float gamma = 0;
};

// Absmean per tensor (kernels/quantize.h). Throws std::runtime_error when a weight is not finite;
// `name` is the tensor's name in the message.
kernels::Trits ternarize(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                         const std::string& name);
// The same, packed.
PackedTernary pack_ternary(const std::vector<float>& w, std::size_t rows, std::size_t cols,
                           const std::string& name);

// Round to nearest even. Throws where the result would not be finite.
std::vector<kernels::f16> pack_f16(const std::vector<float>& w, const std::string& name);

// Weights of another layout (kernels/formats/formats.h) as t2. `name` is what error messages call
// the tensor; they name the weight and what is wrong with it.
PackedTernary repack_t2(const kernels::TernaryFormat& from, std::span<const std::byte> data,
                        std::size_t rows, std::size_t cols, const std::string& name);

}  // namespace tern::models
