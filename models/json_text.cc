// SPDX-License-Identifier: Apache-2.0

#include "models/json_text.h"

#include <cmath>
#include <stdexcept>

#include "models/error_line.h"

namespace tern::models {
namespace {

constexpr int kDeepest = 32;

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& where, std::size_t most) {
  if (text.size() > most)
    throw std::runtime_error(where + ": has " + std::to_string(text.size()) +
                             " bytes, expected at most " + std::to_string(most));
  const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest)
      throw std::runtime_error(where + ": is nested deeper than " + std::to_string(kDeepest) +
                               " levels");
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), shallow);
  } catch (const nlohmann::json::parse_error& e) {
    throw std::runtime_error(where + ": is no JSON at byte " + std::to_string(e.byte));
  } catch (const nlohmann::json::out_of_range&) {
    throw std::runtime_error(where + ": has a number that is too large");
  }
}

JsonFields::JsonFields(const nlohmann::json& object, std::string where, std::string prefix)
    : object_(&object), where_(std::move(where)), prefix_(std::move(prefix)) {
  if (!object.is_object()) {
    const std::string field = prefix_.empty() ? "the file" : prefix_.substr(0, prefix_.size() - 1);
    throw std::runtime_error(error_line(where_, field, "expected an object"));
  }
}

void JsonFields::fail(const char* field, const std::string& what) const {
  throw std::runtime_error(error_line(where_, prefix_ + field, what));
}

const nlohmann::json* JsonFields::find(const char* field) const {
  const auto found = object_->find(field);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& JsonFields::get(const char* field) const {
  const nlohmann::json* value = find(field);
  if (value == nullptr) fail(field, "the field is missing");
  return *value;
}

std::size_t JsonFields::size(const char* field) const {
  const nlohmann::json& value = get(field);
  if (!value.is_number_unsigned()) fail(field, "expected an integer of at least 0");
  return value.get<std::size_t>();
}

double JsonFields::real(const char* field) const {
  const nlohmann::json& value = get(field);
  if (!value.is_number()) fail(field, "expected a number");
  const auto number = value.get<double>();
  if (!std::isfinite(number)) fail(field, "is not finite");
  return number;
}

std::string JsonFields::text(const char* field) const {
  const nlohmann::json& value = get(field);
  if (!value.is_string()) fail(field, "expected a text");
  return value.get<std::string>();
}

std::size_t JsonFields::size(const char* field, std::size_t otherwise) const {
  return has(field) ? size(field) : otherwise;
}

double JsonFields::real(const char* field, double otherwise) const {
  return has(field) ? real(field) : otherwise;
}

std::string JsonFields::text(const char* field, const std::string& otherwise) const {
  return has(field) ? text(field) : otherwise;
}

bool JsonFields::boolean(const char* field, bool otherwise) const {
  const nlohmann::json* value = find(field);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(field, "expected true or false");
  return value->get<bool>();
}

std::optional<JsonFields> JsonFields::object(const char* field) const {
  const nlohmann::json* value = find(field);
  if (value == nullptr) return std::nullopt;
  return JsonFields(*value, where_, prefix_ + field + ".");
}

}  // namespace tern::models
