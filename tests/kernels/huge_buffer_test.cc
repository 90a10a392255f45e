// SPDX-License-Identifier: Apache-2.0
//
// State space: buffers empty, smaller and larger than a page of either kind, of both kinds, on
// pools of 1 to 3 threads; moved; and more memory than any machine has.
// Parameters: bytes, kind of pages, threads.

#include "kernels/huge_buffer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

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

}  // namespace
}  // namespace tern::kernels
