// SPDX-License-Identifier: Apache-2.0

#include <type_traits>

#include "kernels/check.h"
#include "models/gguf.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

constexpr std::uint64_t kAlignment = 32;

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void put_string(std::string& out, std::string_view s) {
  put<std::uint64_t>(out, s.size());
  out += s;
}

void put_scalar(std::string& out, GgufType type, std::uint64_t v) {
  switch (type) {
    case GgufType::kU8:
    case GgufType::kBool:
      return put(out, static_cast<std::uint8_t>(v));
    case GgufType::kU16:
      return put(out, static_cast<std::uint16_t>(v));
    case GgufType::kU32:
      return put(out, static_cast<std::uint32_t>(v));
    case GgufType::kU64:
      return put(out, v);
    default:
      TERN_CHECK(false, "an unsigned value under another type");
  }
}

void put_scalar(std::string& out, GgufType type, std::int64_t v) {
  switch (type) {
    case GgufType::kI8:
      return put(out, static_cast<std::int8_t>(v));
    case GgufType::kI16:
      return put(out, static_cast<std::int16_t>(v));
    case GgufType::kI32:
      return put(out, static_cast<std::int32_t>(v));
    case GgufType::kI64:
      return put(out, v);
    default:
      TERN_CHECK(false, "a signed value under another type");
  }
}

void put_scalar(std::string& out, GgufType type, double v) {
  TERN_CHECK(type == GgufType::kF32 || type == GgufType::kF64, "a float under another type");
  if (type == GgufType::kF32)
    put(out, static_cast<float>(v));
  else
    put(out, v);
}

void put_scalar(std::string& out, GgufType type, const std::string& v) {
  TERN_CHECK(type == GgufType::kString, "a string under another type");
  put_string(out, v);
}

void put_scalar(std::string& out, GgufType type, const GgufArray& array) {
  TERN_CHECK(type == GgufType::kArray, "an array under another type");
  put(out, static_cast<std::uint32_t>(array.element));
  std::visit(
      [&](const auto& values) {
        put<std::uint64_t>(out, values.size());
        for (const auto& v : values) put_scalar(out, array.element, v);
      },
      array.values);
}

std::uint64_t aligned(std::uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void write_gguf(const std::string& path, std::span<const std::pair<std::string, GgufValue>> values,
                std::span<const GgufTensor> tensors) {
  std::string head = "GGUF";
  put<std::uint32_t>(head, 3);
  put<std::uint64_t>(head, tensors.size());
  put<std::uint64_t>(head, values.size());
  for (const auto& [key, value] : values) {
    put_string(head, key);
    put(head, static_cast<std::uint32_t>(value.type));
    std::visit([&](const auto& v) { put_scalar(head, value.type, v); }, value.value);
  }
  std::uint64_t offset = 0;
  for (const GgufTensor& t : tensors) {
    TERN_CHECK(t.data.size() == tensor_bytes(t.type, t.elements(), t.shape[0]),
               "a tensor's data does not have the size of its shape");
    put_string(head, t.name);
    put(head, static_cast<std::uint32_t>(t.shape.size()));
    for (const std::uint64_t extent : t.shape) put(head, extent);
    put(head, static_cast<std::uint32_t>(t.type));
    put(head, offset);
    offset += aligned(t.data.size());
  }
  head.resize(static_cast<std::size_t>(aligned(head.size())));

  static constexpr char kZeros[kAlignment] = {};
  std::vector<std::string_view> parts = {head};
  for (const GgufTensor& t : tensors) {
    parts.emplace_back(reinterpret_cast<const char*>(t.data.data()), t.data.size());
    parts.emplace_back(kZeros, static_cast<std::size_t>(aligned(t.data.size()) - t.data.size()));
  }
  write_whole_file(path, parts);
}

}  // namespace tern::models
