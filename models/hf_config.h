// SPDX-License-Identifier: Apache-2.0
//
// config.json of a Hugging Face model directory: what of it decides about the numbers. Fields that
// would change them in a way that is not modelled are refused by name.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/config.h"

namespace tern::models {

// How the linears lie in the weight files (shared/reference/formats.md 6.6).
enum class HfLinears : std::uint8_t {
  kFloat,       // as they are: a plain model
  kMasters,     // floats that become ternary when they are read ("online")
  kPacked,      // uint8; weight_scale is mean |W| ("autobitlinear")
  kPackedOver,  // uint8; weight_scale is 1 / mean |W| ("bitlinear")
};

struct HfConfig {
  Config config;                     // pairing: half-split, whatever the architecture
  std::vector<float> rope_divisors;  // [head_dim / 2], or empty
  HfLinears linears = HfLinears::kFloat;
};

// `text` is the file, `where` its name in messages. Throws std::runtime_error that names the field.
HfConfig read_hf_config(std::string_view text, const std::string& where);

}  // namespace tern::models
