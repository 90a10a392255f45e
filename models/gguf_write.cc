// SPDX-License-Identifier: Apache-2.0

#include "models/gguf_write.h"

#include <type_traits>

#include "kernels/check.h"
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

std::uint64_t bytes_of(const TensorStream& t) {
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : t.shape) elements *= extent;
  const std::uint64_t bytes = tensor_bytes(t.type, elements, t.shape[0]);
  TERN_CHECK(bytes != 0, "a tensor type that cannot hold the shape");
  return bytes;
}

std::string header(std::span<const std::pair<std::string, GgufValue>> values,
                   std::span<const TensorStream> tensors) {
  std::string head = "GGUF";
  put<std::uint32_t>(head, 3);
  put<std::uint64_t>(head, tensors.size());
  put<std::uint64_t>(head, values.size());
  for (const auto& [key, value] : values) {
    put_string(head, key);
    put(head, static_cast<std::uint32_t>(value.type));
    const GgufType type = value.type;  // clang 14 captures no structured binding
    std::visit([&](const auto& v) { put_scalar(head, type, v); }, value.value);
  }
  std::uint64_t offset = 0;
  for (const TensorStream& t : tensors) {
    put_string(head, t.name);
    put(head, static_cast<std::uint32_t>(t.shape.size()));
    for (const std::uint64_t extent : t.shape) put(head, extent);
    put(head, static_cast<std::uint32_t>(t.type));
    put(head, offset);
    offset += aligned(bytes_of(t));
  }
  head.resize(static_cast<std::size_t>(aligned(head.size())));
  return head;
}

}  // namespace

std::uint64_t gguf_bytes(std::span<const std::pair<std::string, GgufValue>> values,
                         std::span<const TensorStream> tensors) {
  std::uint64_t bytes = header(values, tensors).size();
  for (const TensorStream& t : tensors) bytes += aligned(bytes_of(t));
  return bytes;
}

bool write_gguf(const std::string& path, std::span<const std::pair<std::string, GgufValue>> values,
                std::span<const TensorStream> tensors, const BeforeTensor& before) {
  static constexpr char kZeros[kAlignment] = {};
  WholeFile file(path);
  file.write(header(values, tensors));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (before && !before(i)) return false;
    const std::uint64_t begin = file.written(), bytes = bytes_of(tensors[i]);
    tensors[i].produce([&](std::span<const std::byte> part) { file.write(part); });
    TERN_CHECK(file.written() - begin == bytes,
               "a tensor's data does not have the size of its shape");
    file.write(std::string_view(kZeros, static_cast<std::size_t>(aligned(bytes) - bytes)));
  }
  file.finish();
  return true;
}

void write_gguf(const std::string& path, std::span<const std::pair<std::string, GgufValue>> values,
                std::span<const GgufTensor> tensors) {
  std::vector<TensorStream> streams;
  for (const GgufTensor& t : tensors)
    streams.push_back({t.name, t.shape, t.type, [&t](const EmitBytes& emit) { emit(t.data); }});
  write_gguf(path, values, streams);
}

}  // namespace tern::models
