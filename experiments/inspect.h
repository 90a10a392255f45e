// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint of either kind holds, as JSON (tern inspect).

#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "models/checkpoint.h"

namespace tern::experiments {

struct InspectOptions {
  std::string model;  // a GGUF file or a Hugging Face directory
  models::LoadOptions load;
  bool weights = true;  // look at them: without it only headers are read
};

// Schema tern.inspect. Throws std::runtime_error naming file and field.
nlohmann::ordered_json inspect(const InspectOptions& options);

}  // namespace tern::experiments
