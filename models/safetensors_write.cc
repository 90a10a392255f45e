// SPDX-License-Identifier: Apache-2.0

#include "models/safetensors_write.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "kernels/check.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

struct Dtype {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array kDtypes = {Dtype{"F32", 4}, Dtype{"F16", 2}, Dtype{"BF16", 2}, Dtype{"U8", 1}};

std::uint64_t element_bytes(std::string_view name) {
  for (const Dtype& dtype : kDtypes)
    if (dtype.name == name) return dtype.bytes;
  TERN_CHECK(false, "a dtype that is not written");
  return 0;
}

}  // namespace

std::uint64_t SafeTensorStream::bytes() const {
  std::uint64_t n = element_bytes(dtype);
  for (const std::uint64_t extent : shape) n *= extent;
  return n;
}

void sort_safetensors(std::vector<SafeTensorStream>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const std::uint64_t wide_a = element_bytes(a.dtype), wide_b = element_bytes(b.dtype);
    return std::tie(wide_b, a.name) < std::tie(wide_a, b.name);
  });
}

bool write_safetensors(const std::string& path, std::span<const SafeTensorStream> tensors,
                       const BeforeTensor& before) {
  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  std::uint64_t offset = 0;
  for (const SafeTensorStream& t : tensors) {
    header[t.name] = {
        {"dtype", t.dtype}, {"shape", t.shape}, {"data_offsets", {offset, offset + t.bytes()}}};
    offset += t.bytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = text.size();
  WholeFile file(path);
  file.write(std::string_view(reinterpret_cast<const char*>(&size), sizeof size));
  file.write(text);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (before && !before(i)) return false;
    const std::uint64_t begin = file.written();
    tensors[i].produce([&](std::span<const std::byte> part) { file.write(part); });
    TERN_CHECK(file.written() - begin == tensors[i].bytes(),
               "a tensor's data does not have the size of its shape");
  }
  file.finish();
  return true;
}

}  // namespace tern::models
