// SPDX-License-Identifier: Apache-2.0

#include "experiments/chat_file.h"

#include <stdexcept>

#include "experiments/provenance.h"
#include "models/chat.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error(path + ": " + what);
}

models::Role role_of(const std::string& name, const std::string& path, const std::string& where) {
  for (const models::Role role :
       {models::Role::kSystem, models::Role::kUser, models::Role::kAssistant})
    if (models::role_name(role) == name) return role;
  fail(path,
       where + ".role: found '" + name.substr(0, 40) + "', expected system, user or assistant");
}

}  // namespace

nlohmann::ordered_json chat_to_json(const std::vector<models::Message>& messages,
                                    const models::ChatTemplate& shape,
                                    const std::string& model_name) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const models::Message& m : messages)
    rows.push_back({{"role", models::role_name(m.role)}, {"content", m.content}});
  return {{"schema", "tern.chat"}, {"schema_version", 1},    {"provenance", provenance()},
          {"model", model_name},   {"template", shape.name}, {"messages", rows}};
}

std::vector<models::Message> read_chat_file(const std::string& path) {
  const models::MappedFile file = models::map_file(path);
  if (file.bytes.size() > kMostBytes)
    fail(path, "found " + std::to_string(file.bytes.size()) + " bytes, expected at most " +
                   std::to_string(kMostBytes));
  const auto* text = reinterpret_cast<const char*>(file.bytes.data());
  const auto j = nlohmann::json::parse(text, text + file.bytes.size(), nullptr, false);
  if (j.is_discarded()) fail(path, "is not valid JSON");
  if (!j.is_object() || !j.contains("schema") || j["schema"] != "tern.chat")
    fail(path, "schema: expected tern.chat");
  if (!j.contains("messages") || !j["messages"].is_array()) fail(path, "messages: expected a list");
  std::vector<models::Message> messages;
  for (const auto& row : j["messages"]) {
    const std::string where = "messages[" + std::to_string(messages.size()) + "]";
    for (const char* field : {"role", "content"})
      if (!row.is_object() || !row.contains(field) || !row[field].is_string())
        fail(path, where + "." + field + ": expected a text");
    messages.push_back({role_of(row["role"], path, where), row["content"]});
  }
  try {
    models::check_history(messages);
  } catch (const std::runtime_error& error) {
    fail(path, error.what());
  }
  return messages;
}

}  // namespace tern::experiments
