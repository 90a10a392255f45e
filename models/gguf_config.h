// SPDX-License-Identifier: Apache-2.0
//
// The shape of a model by the keys of a GGUF file (shared/reference/formats.md 6.7).

#pragma once

#include "models/config.h"
#include "models/gguf.h"

namespace tern::models {

// What general.architecture fixes comes from architecture.h. Throws std::runtime_error: one line
// that names the file and the key that is missing, unknown or impossible.
Config read_gguf_config(const Gguf& file);

}  // namespace tern::models
