// SPDX-License-Identifier: Apache-2.0
//
// The options of commands that sample.

#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "models/sampler.h"

namespace tern::experiments {

// Adds --temperature, --top-k, --top-p, --min-p, --repeat-penalty, --repeat-last and --seed.
void add_sampler_options(CLI::App& command, models::SamplerOptions& options);

nlohmann::ordered_json to_json(const models::SamplerOptions& options);

}  // namespace tern::experiments
