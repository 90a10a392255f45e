// SPDX-License-Identifier: Apache-2.0
//
// State space: published values; files on both sides of the parts they are read in; a byte changed
// at every place where a part could be lost; the files of a directory that count and those that do
// not; what is no file.
// Parameters: parts of 256 KiB (hash.cc).

#include "experiments/hash.h"

#include <catch2/catch.hpp>
#include <string>

#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::experiments {
namespace {

using models::TempFolder;
using models::write_whole_file;

TEST_CASE("the hash is XXH3 as others compute it", "[experiments]") {
  // Of `printf ... | xxhsum -H3`, 0.8.1.
  CHECK(hex(hash_bytes("", 0)) == "2d06800538d394c2");
  CHECK(hex(hash_bytes("tern", 4)) == "eb9a06d7b64a2b78");
  CHECK(hex(0x1F) == "000000000000001f");
}

TEST_CASE("a file's hash is that of its bytes, in however many parts it is read", "[experiments]") {
  const TempFolder folder;
  constexpr std::size_t kPart = 256 << 10;
  for (const std::size_t size : {std::size_t{1}, kPart - 1, kPart, kPart + 1, 2 * kPart + 12345}) {
    INFO(size);
    std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i >> 7);
    write_whole_file(folder.file("f"), bytes);
    const std::string hash = hash_of_file(folder.file("f"));
    CHECK(hash == hex(hash_bytes(bytes.data(), size)));
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      std::string other = bytes;
      other[at] = static_cast<char>(other[at] + 1);
      write_whole_file(folder.file("f"), other);
      CHECK(hash_of_file(folder.file("f")) != hash);
    }
  }
}

TEST_CASE("a directory's hash is of the names and bytes of what is read of it", "[experiments]") {
  const TempFolder folder;
  write_whole_file(folder.file("model.safetensors"), "weights");
  write_whole_file(folder.file("config.json"), "{}");
  const std::string hash = hash_of_file(folder.file(""));
  write_whole_file(folder.file("README.md"), "not read");
  CHECK(hash_of_file(folder.file("")) == hash);
  write_whole_file(folder.file("tokenizer.model"), "pieces");
  const std::string more = hash_of_file(folder.file(""));
  CHECK(more != hash);
  write_whole_file(folder.file("tokenizer.model"), "pieceS");
  CHECK(hash_of_file(folder.file("")) != more);
}

TEST_CASE("what cannot be read is named", "[experiments]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(hash_of_file(folder.file("none")), Catch::Contains("none: cannot open"));
}

}  // namespace
}  // namespace tern::experiments
