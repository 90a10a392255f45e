// SPDX-License-Identifier: Apache-2.0
//
// State space: tensors of every dtype written and read back; the order that keeps them aligned;
// writing that stops, fails or finds a full disk.
// Parameters: none.

#include "models/safetensors_write.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <stdexcept>

#include "models/safetensors.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Catch::Contains;

SafeTensorStream tensor(const char* name, std::string_view dtype, std::vector<std::uint64_t> shape,
                        char fill) {
  SafeTensorStream t{name, dtype, std::move(shape), {}};
  t.produce = [n = t.bytes(), fill](const EmitBytes& emit) {
    const std::string bytes(n, fill);
    emit(std::as_bytes(std::span(bytes)));
  };
  return t;
}

std::vector<SafeTensorStream> some() {
  return {tensor("u", "U8", {3}, 'u'), tensor("b", "BF16", {2, 3}, 'b'),
          tensor("a", "F16", {1}, 'a'), tensor("f", "F32", {2}, 'f')};
}

TEST_CASE("tensors come back as they were written", "[models]") {
  const TempFolder folder;
  auto tensors = some();
  sort_safetensors(tensors);
  REQUIRE(write_safetensors(folder.file("m"), tensors));
  const MappedFile file = map_file(folder.file("m"));
  const Safetensors read = Safetensors::parse(file.bytes, "m");
  REQUIRE(read.tensors().size() == 4);
  const char* order = "fabu";  // four bytes, two by name, one
  for (std::size_t i = 0; i < 4; ++i) {
    const SafeTensor& t = read.tensors()[i];
    CHECK(t.name == std::string(1, order[i]));
    CHECK(t.shape == tensors[i].shape);
    CHECK(t.dtype == tensors[i].dtype);
    CHECK(std::string(reinterpret_cast<const char*>(t.data.data()), t.data.size()) ==
          std::string(tensors[i].bytes(), order[i]));
    CHECK(reinterpret_cast<std::uintptr_t>(t.data.data()) % (t.data.size() / t.elements()) == 0);
  }
  std::uint64_t header;
  std::memcpy(&header, file.bytes.data(), sizeof header);
  CHECK(header % 8 == 0);
}

TEST_CASE("what stops or fails leaves nothing", "[models]") {
  const TempFolder folder;
  auto tensors = some();
  CHECK_FALSE(write_safetensors(folder.file("m"), tensors, [](std::size_t i) { return i < 2; }));
  tensors[1].produce = [](const EmitBytes&) { throw std::runtime_error("no such weight"); };
  CHECK_THROWS_WITH(write_safetensors(folder.file("m"), tensors), "no such weight");
  CHECK(folder.entries() == 0);
  CHECK_THROWS_WITH(write_safetensors("/dev/full", some()), Contains("/dev/full: cannot write"));
}

}  // namespace
}  // namespace tern::models
