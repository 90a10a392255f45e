// SPDX-License-Identifier: Apache-2.0
//
// State space: buffers empty, smaller and larger than a page of either kind, of both kinds, on
// pools of 1 to 3 threads; moved; and more memory than any machine has. Control groups of either
// version: no limit, one of the group's own, of one above, of the root; pages of idle files; paths
// that are not mounted.
// Parameters: bytes, kind of pages, threads, files of control groups.

#include "kernels/huge_buffer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "tests/models/temp_folder.h"

namespace tern::kernels {
namespace {

using Pages = HugeBuffer::Pages;

TEST_CASE("a buffer is aligned and zero and can be written to its last byte", "[kernels]") {
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    for (const Pages pages : {Pages::kNormal, Pages::kHuge})
      for (const std::size_t bytes : {1, 63, 4096, 4097, 1 << 20, (2 << 20) + 1, 9 << 20}) {
        const HugeBuffer buffer(bytes, pages, pool);
        INFO("threads=" << threads << " bytes=" << bytes);
        CHECK(buffer.size() == bytes);
        CHECK(buffer.asked() == pages);
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % HugeBuffer::kAlignment == 0);
        CHECK(std::all_of(buffer.data(), buffer.data() + bytes, [](auto b) { return b == 0; }));
        std::fill_n(buffer.data(), bytes, std::uint8_t{0xa5});
        CHECK(std::count(buffer.data(), buffer.data() + bytes, 0xa5) ==
              static_cast<std::ptrdiff_t>(bytes));
      }
  }
}

TEST_CASE("a buffer never claims more huge pages than it has and none that it did not ask for",
          "[kernels]") {
  ThreadPool pool(2);
  const std::size_t bytes = std::size_t{8} << 20;
  CHECK(HugeBuffer(bytes, Pages::kNormal, pool).huge_bytes() == 0);
  CHECK(HugeBuffer(bytes, Pages::kHuge, pool).huge_bytes() <= bytes);
}

TEST_CASE("an empty buffer maps nothing", "[kernels]") {
  ThreadPool pool(1);
  CHECK(HugeBuffer().data() == nullptr);
  CHECK(HugeBuffer(0, Pages::kHuge, pool).data() == nullptr);
  CHECK(HugeBuffer(0, Pages::kHuge, pool).huge_bytes() == 0);
}

TEST_CASE("a moved buffer keeps its bytes", "[kernels]") {
  ThreadPool pool(1);
  HugeBuffer first(5000, Pages::kNormal, pool);
  first.data()[4999] = 7;
  const std::uint8_t* at = first.data();
  HugeBuffer second(std::move(first));
  CHECK(second.data() == at);
  HugeBuffer third(10, Pages::kHuge, pool);
  third = std::move(second);
  CHECK(third.data() == at);
  CHECK(third.size() == 5000);
  CHECK(third.data()[4999] == 7);
}

TEST_CASE("memory that is not there is refused in one line that names the sizes", "[kernels]") {
  using Catch::Matchers::Contains;
  ThreadPool pool(1);
  CHECK_THROWS_WITH(HugeBuffer(std::size_t{1} << 50, Pages::kHuge, pool, "--cold-mb"),
                    Contains("--cold-mb: needs 1073741824 MiB") && Contains("are available"));
  const std::size_t there = available_memory_bytes();
  CHECK(there > 0);
  CHECK(there < std::size_t{1} << 50);
  // What the kernel would promise, and then not have.
  CHECK_THROWS_WITH(require_memory(2 * there, "--cold-mb"), Contains("--cold-mb: needs"));
  CHECK_NOTHROW(require_memory(there / 2, "--cold-mb"));
}

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// A tree of control groups that is none.
class Groups {
 public:
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = folder_.file(name);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void group2(const std::string& group, const std::string& most, std::size_t used,
              std::size_t idle) const {
    write("root" + group + "/memory.max", most + "\n");
    write("root" + group + "/memory.current", std::to_string(used) + "\n");
    write("root" + group + "/memory.stat",
          "anon 5\ninactive_file " + std::to_string(idle) + "\nactive_file 3\n");
  }
  void group1(const std::string& group, std::size_t most, std::size_t used,
              std::size_t idle) const {
    const std::string at = "root/memory" + group;
    write(at + "/memory.limit_in_bytes", std::to_string(most) + "\n");
    write(at + "/memory.usage_in_bytes", std::to_string(used) + "\n");
    write(at + "/memory.stat",
          "inactive_file 1\ntotal_inactive_file " + std::to_string(idle) + "\n");
  }
  std::size_t headroom(const std::string& own) const {
    write("own", own);
    return control_group_headroom(folder_.file("own"), folder_.file("root"));
  }

 private:
  models::TempFolder folder_;
};

TEST_CASE("the least of a control group and those above it limits memory", "[kernels]") {
  const Groups g;
  CHECK(g.headroom("0::/\n") == kNone);
  CHECK(g.headroom("") == kNone);
  g.group2("/a", "max", 10, 0);
  g.group2("/a/b", "max", 10, 0);
  CHECK(g.headroom("0::/a/b\n") == kNone);
  g.group2("/a/b", "1000", 300, 100);
  CHECK(g.headroom("0::/a/b\n") == 800);
  CHECK(g.headroom("0::/a\n") == kNone);
  CHECK(g.headroom("0::/a/other\n") == kNone);
  g.group2("/a", "900", 500, 0);
  CHECK(g.headroom("0::/a/b\n") == 400);
  CHECK(g.headroom("0::/a/b/c\n") == 400);  // c is not seen from here
  g.group2("/a/b", "1000", 2000, 100);      // over its limit
  CHECK(g.headroom("0::/a/b\n") == 0);
  g.group2("", "70", 20, 0);  // a container's own group is its root
  CHECK(g.headroom("0::/\n") == 50);
  CHECK(g.headroom("0::/a\n") == 50);
  CHECK(g.headroom("0::/docker/0123\n") == 50);
  CHECK(g.headroom("0::/../../a/b\n") == 50);
}

TEST_CASE("control groups of version 1 limit memory as those of version 2 do", "[kernels]") {
  const Groups g;
  g.group1("", std::size_t{9223372036854771712u}, 50, 0);
  g.group1("/x", 5000, 4000, 500);
  g.group1("/x/y", 2000, 100, 0);
  const std::string others = "9:name=systemd:/z\n5:devices,memory2:/x\n";
  CHECK(g.headroom(others + "4:memory:/x/y\n0::/\n") == 1500);
  CHECK(g.headroom(others + "4:cpu,memory:/x\n") == 1500);
  g.group1("/x", 5000, 1000, 0);
  CHECK(g.headroom(others + "4:memory:/x/y\n") == 1900);
  CHECK(g.headroom(others + "4:memory,cpu:/x\n0::/\n") == 4000);
  CHECK(g.headroom(others + "0::/x/y\n") == std::size_t{9223372036854771712u} - 50);
}

}  // namespace
}  // namespace tern::kernels
