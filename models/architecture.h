// SPDX-License-Identifier: Apache-2.0
//
// What an architecture's name fixes about the network (shared/reference/formats.md 6.7).

#pragma once

#include <span>
#include <string_view>

#include "models/config.h"

namespace tern::models {

struct Architecture {
  std::string_view name;  // general.architecture
  Activation activation;
  RopePairing pairing;
  bool sub_norms;
};

std::span<const Architecture> architectures() noexcept;

const Architecture* find_architecture(std::string_view name) noexcept;  // nullptr: unknown

}  // namespace tern::models
