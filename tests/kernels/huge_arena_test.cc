// SPDX-License-Identifier: Apache-2.0
//
// State space: rooms empty, of odd sizes, as large as a region and larger; kept and not; more
// memory than any machine has.
// Parameters: bytes.

#include "kernels/huge_arena.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "kernels/scratch.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kMb = std::size_t{1} << 20;

TEST_CASE("rooms that are kept lie side by side, in lines, and stay what they are", "[kernels]") {
  HugeArena arena;
  std::vector<std::uint8_t*> rooms;
  const std::vector<std::size_t> sizes = {1, 64, 65, 3 * kMb + 1, 0, 40 * kMb, 40 * kMb, 100 * kMb};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::uint8_t* at = arena.room(sizes[i], "w");
    CHECK(reinterpret_cast<std::uintptr_t>(at) % kLineBytes == 0);
    if (sizes[i] != 0) {  // its ends: all of it would take a second
      CHECK(at[0] == 0);
      CHECK(at[sizes[i] - 1] == 0);
      at[0] = at[sizes[i] - 1] = static_cast<std::uint8_t>(i + 1);
    }
    arena.keep(sizes[i]);
    rooms.push_back(at);
  }
  CHECK(rooms[1] == rooms[0] + 64);
  CHECK(rooms[2] == rooms[1] + 64);
  CHECK(rooms[3] == rooms[2] + 128);
  CHECK(rooms[5] == rooms[4]);  // behind 0 bytes
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 0) {
      CHECK(rooms[i][0] == i + 1);
      CHECK(rooms[i][sizes[i] - 1] == i + 1);
    }
}

TEST_CASE("a room that was not kept is given again", "[kernels]") {
  HugeArena arena;
  arena.keep((arena.room(100, "w"), 100));
  std::uint8_t* at = arena.room(1000, "w");
  at[999] = 7;
  CHECK(arena.room(500, "w") == at);
  CHECK(arena.room(kMb, "w")[999] == 7);
}

TEST_CASE("a room that memory has not is refused by name", "[kernels]") {
  HugeArena arena;
  CHECK_THROWS_WITH(arena.room(std::size_t{1} << 50, "blk.0"),
                    Catch::Contains("blk.0: needs 1073741824 MiB"));
}

}  // namespace
}  // namespace tern::kernels
