// SPDX-License-Identifier: Apache-2.0
//
// JSON files that come from outside: bounded in length and depth, and read by fields of a known
// kind, whose absence or kind is an error that names them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tern::models {

// Throws std::runtime_error that begins with `where`: for a text longer than `most` bytes, deeper
// than 32 levels or no JSON. Allocates no more than some 32 bytes for each byte of the text.
nlohmann::json parse_json(std::string_view text, const std::string& where, std::size_t most);

// The fields of one object. null counts as absent. Each throws std::runtime_error,
// "<where>: <prefix><field>: ...", for a value of another kind.
class JsonFields {
 public:
  // `object` is borrowed. Throws where it is no object.
  JsonFields(const nlohmann::json& object, std::string where, std::string prefix = "");

  bool has(const char* field) const { return find(field) != nullptr; }
  std::size_t size(const char* field) const;  // an integer of at least 0; must be there
  std::size_t size(const char* field, std::size_t otherwise) const;
  double real(const char* field) const;  // finite; must be there
  double real(const char* field, double otherwise) const;
  bool boolean(const char* field, bool otherwise) const;
  std::string text(const char* field) const;  // must be there
  std::string text(const char* field, const std::string& otherwise) const;
  // The object of that field; nothing where it is absent.
  std::optional<JsonFields> object(const char* field) const;
  const nlohmann::json* find(const char* field) const;  // nullptr: absent or null

  [[noreturn]] void fail(const char* field, const std::string& what) const;

 private:
  const nlohmann::json& get(const char* field) const;

  const nlohmann::json* object_;
  std::string where_, prefix_;
};

}  // namespace tern::models
