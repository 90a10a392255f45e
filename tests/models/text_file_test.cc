// SPDX-License-Identifier: Apache-2.0
//
// State space: a text in a file, in a pipe, of a device without end; empty ones, and none; a pipe
// with one byte fewer and more than may come of it. Parameters: none.

#include "models/text_file.h"

#include <fcntl.h>

#include <array>
#include <catch2/catch.hpp>

#include "models/descriptor.h"
#include "models/whole_file.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using Catch::Contains;

// What read_text() makes of a pipe that holds `text`, which is less than a pipe takes at once.
std::string through_pipe(const std::string& text, std::size_t most = kMostPiped) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const Descriptor out(ends[0]);
  {
    const Descriptor in(ends[1]);
    REQUIRE(::write(in.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  return read_text("/dev/fd/" + std::to_string(out.get()), most);
}

TEST_CASE("a text is read from a file and from a pipe", "[models]") {
  const TempFolder folder;
  std::string text(40000, 'a');
  text += std::string("\0\xff\n", 3);
  write_whole_file(folder.file("t"), text);
  CHECK(read_text(folder.file("t")) == text);
  CHECK(read_text(folder.file("t"), 1) == text);  // a file has an end
  CHECK(through_pipe(text) == text);
  write_whole_file(folder.file("empty"), "");
  CHECK(read_text(folder.file("empty")).empty());
  CHECK(through_pipe("").empty());
}

TEST_CASE("what a pipe may give is bounded", "[models]") {
  CHECK(through_pipe("12345678", 8) == "12345678");
  CHECK_THROWS_WITH(through_pipe("123456789", 8), Contains("/dev/fd/") &&
                                                      Contains("gives more than 8 bytes") &&
                                                      Contains("name a file"));
  CHECK_THROWS_WITH(read_text("/dev/zero", 1 << 20),
                    "/dev/zero: gives more than 1048576 bytes, "
                    "the most that is read from a pipe; name a "
                    "file");
}

TEST_CASE("what is no text is named", "[models]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(read_text(folder.file("none")), Contains("none: cannot open"));
  CHECK_THROWS_WITH(read_text(folder.file("")), Contains("cannot read"));
}

}  // namespace
}  // namespace tern::models
