// SPDX-License-Identifier: Apache-2.0
//
// What the linears of a trained model become in its checkpoint.

#pragma once

#include <cstdint>

namespace tern::models {

enum class Flavour : std::uint8_t {
  kTernary,  // I2_S, absmean per tensor; int8 activations
  kF16,      // binary16 weights and activations
};

}  // namespace tern::models
