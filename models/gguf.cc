// SPDX-License-Identifier: Apache-2.0

#include "models/gguf.h"

#include <array>
#include <cmath>
#include <stdexcept>

namespace tern::models {
namespace {

struct TypeRow {
  TensorType type;
  std::string_view name;
  std::uint64_t block;  // elements; a row is a whole number of blocks
  std::uint64_t bytes;  // of one block
  std::uint64_t tail;   // bytes after the last block
};

constexpr std::array kTypes = {
    TypeRow{TensorType::kF32, "F32", 1, 4, 0},      TypeRow{TensorType::kF16, "F16", 1, 2, 0},
    TypeRow{TensorType::kBf16, "BF16", 1, 2, 0},    TypeRow{TensorType::kTq1, "TQ1_0", 256, 54, 0},
    TypeRow{TensorType::kTq2, "TQ2_0", 256, 66, 0}, TypeRow{TensorType::kI2S, "I2_S", 128, 32, 32},
};

const TypeRow* find_type(TensorType type) noexcept {
  for (const TypeRow& row : kTypes)
    if (row.type == type) return &row;
  return nullptr;
}

}  // namespace

std::string_view tensor_type_name(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  return row == nullptr ? std::string_view() : row->name;
}

std::uint64_t tensor_block(TensorType type) noexcept {
  const TypeRow* row = find_type(type);
  return row == nullptr ? 0 : row->block;
}

std::uint64_t tensor_bytes(TensorType type, std::uint64_t elements, std::uint64_t cols) noexcept {
  const TypeRow* row = find_type(type);
  if (row == nullptr || cols % row->block != 0) return 0;
  return elements / row->block * row->bytes + row->tail;
}

std::uint64_t GgufTensor::elements() const {
  std::uint64_t n = 1;
  for (const std::uint64_t extent : shape) n *= extent;
  return n;
}

void Gguf::fail(std::string_view field, std::string_view what) const {
  std::string line = where_ + ": " + std::string(field) + ": " + std::string(what);
  for (char& c : line)  // whatever bytes the file has for names
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  throw std::runtime_error(line);
}

const GgufValue* Gguf::find(std::string_view key) const {
  const auto found = value_index_.find(std::string(key));
  return found == value_index_.end() ? nullptr : &values_[found->second].second;
}

const GgufTensor* Gguf::find_tensor(std::string_view name) const {
  const auto found = tensor_index_.find(std::string(name));
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

const GgufValue& Gguf::get(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) fail(key, "the key is missing");
  return *value;
}

std::uint64_t Gguf::number(std::string_view key) const {
  const GgufValue& v = get(key);
  if (v.type == GgufType::kBool) fail(key, "expected an integer, found a bool");
  if (const auto* u = std::get_if<std::uint64_t>(&v.value)) return *u;
  const auto* i = std::get_if<std::int64_t>(&v.value);
  if (i == nullptr) fail(key, "expected an integer, found another type");
  if (*i < 0) fail(key, "is " + std::to_string(*i) + ", expected one of at least 0");
  return static_cast<std::uint64_t>(*i);
}

double Gguf::real(std::string_view key) const {
  const auto* d = std::get_if<double>(&get(key).value);
  if (d == nullptr) fail(key, "expected a floating-point number, found another type");
  if (!std::isfinite(*d)) fail(key, "is not finite");
  return *d;
}

bool Gguf::boolean(std::string_view key) const {
  const GgufValue& v = get(key);
  if (v.type != GgufType::kBool) fail(key, "expected a bool, found another type");
  return std::get<std::uint64_t>(v.value) != 0;
}

const std::string& Gguf::text(std::string_view key) const {
  const auto* s = std::get_if<std::string>(&get(key).value);
  if (s == nullptr) fail(key, "expected a string, found another type");
  return *s;
}

const GgufArray& Gguf::array(std::string_view key) const {
  const auto* a = std::get_if<GgufArray>(&get(key).value);
  if (a == nullptr) fail(key, "expected an array, found another type");
  return *a;
}

const std::vector<std::string>& Gguf::strings(std::string_view key) const {
  const auto* s = std::get_if<std::vector<std::string>>(&array(key).values);
  if (s == nullptr) fail(key, "expected an array of strings, found another element type");
  return *s;
}

}  // namespace tern::models
