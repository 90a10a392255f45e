// SPDX-License-Identifier: Apache-2.0
//
// State space: rooms empty, of odd sizes, as large as a region and larger; kept and not; reserved
// before; more memory than any machine has, and more than ulimit -v leaves.
// Parameters: bytes.

#include "kernels/huge_arena.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
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

TEST_CASE("rooms that were reserved lie in one piece whatever their sizes", "[kernels]") {
  HugeArena arena;
  const std::vector<std::size_t> sizes = {1, 40 * kMb, 64, 40 * kMb + 1, 70 * kMb};
  std::size_t sum = 0;
  for (const std::size_t size : sizes) sum += size + kLineBytes;
  arena.reserve(0, "w");
  arena.reserve(sum, "w");
  std::uint8_t *const first = arena.room(1, "w"), *next = first;
  for (const std::size_t size : sizes) {
    CHECK(arena.room(size, "w") == next);
    arena.keep(size);
    next += (size + kLineBytes - 1) / kLineBytes * kLineBytes;
  }
  CHECK_THROWS_WITH(arena.reserve(std::size_t{1} << 50, "all"), Catch::Contains("all: needs"));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they take all addresses
// While it lives, so many bytes of addresses are left.
class AddressLimit {
 public:
  explicit AddressLimit(std::size_t left) {
    getrlimit(RLIMIT_AS, &before_);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit{pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + left,
                       before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  }
  ~AddressLimit() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("an arena takes no more addresses than it must where they are few", "[kernels]") {
  {
    const AddressLimit limit(kMb);
    void* at = mmap(nullptr, 16 * kMb, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) {
      munmap(at, 16 * kMb);
      WARN("SKIP: addresses have no limit here, as under qemu-user");
      return;
    }
  }
  HugeArena arena;
  {
    const AddressLimit limit(20 * kMb);
    std::uint8_t* at = arena.room(8 * kMb, "w");  // a region of its own size
    at[8 * kMb - 1] = 1;
    arena.keep(8 * kMb);
    CHECK_THROWS_WITH(arena.room(16 * kMb, "blk.1"),
                      Catch::Contains("blk.1: needs 16 MiB") && Catch::Contains("ulimit -v"));
  }
  HugeArena reserved;
  reserved.reserve(8 * kMb, "all");
  const AddressLimit limit(kMb);
  CHECK_NOTHROW(reserved.room(8 * kMb, "w"));  // which asks for none
}
#endif

}  // namespace
}  // namespace tern::kernels
