// SPDX-License-Identifier: Apache-2.0
//
// The shape of a model by the keys of a GGUF file (shared/reference/formats.md 6.7).

#pragma once

#include <vector>

#include "models/config.h"
#include "models/gguf.h"

namespace tern::models {

// What general.architecture fixes comes from architecture.h. Throws std::runtime_error: one line
// that names the file and the key that is missing, unknown or impossible.
Config read_gguf_config(const Gguf& file);

// Divisors of RoPE's frequencies by the keys <architecture>.rope.scaling.*: [head_dim / 2], or
// empty where there is no scaling. (rope_freqs.weight holds divisors as well; both count.) Throws
// likewise.
std::vector<float> read_gguf_rope_scaling(const Gguf& file, const Config& config);

}  // namespace tern::models
