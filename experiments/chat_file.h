// SPDX-License-Identifier: Apache-2.0
//
// Conversations in files: JSON of schema tern.chat.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/chat_template.h"

namespace tern::experiments {

// {schema, schema_version, provenance, model, template, messages: [{role, content}, ...]}
nlohmann::ordered_json chat_to_json(const std::vector<models::Message>& messages,
                                    const models::ChatTemplate& shape,
                                    const std::string& model_name);

// The messages of such a file; whatever model they were held with.
// Throws std::runtime_error: one line that names the file and the field that is wrong.
std::vector<models::Message> read_chat_file(const std::string& path);

}  // namespace tern::experiments
