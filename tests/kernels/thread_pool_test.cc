// SPDX-License-Identifier: Apache-2.0
//
// State space: pools of 1 to 5 threads; ranges empty, smaller than a grain, not a multiple of it;
// many loops in a row; workers that had time to park; idle pools; impossible sizes.
// Parameters: threads, n, grain.

#include "kernels/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace tern::kernels {
namespace {

using Parts = std::vector<std::pair<std::size_t, std::size_t>>;

Parts parts_of(ThreadPool& pool, std::size_t n, std::size_t grain) {
  Parts parts;
  std::mutex mutex;
  pool.parallel_for(n, grain, [&](std::size_t begin, std::size_t end) {
    const std::lock_guard lock(mutex);
    parts.emplace_back(begin, end);
  });
  std::sort(parts.begin(), parts.end());
  return parts;
}

TEST_CASE("parts cover the range once and split it at multiples of the grain", "[kernels]") {
  for (const unsigned threads : {1u, 2u, 3u, 4u, 5u}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const std::size_t n : {0, 1, 2, 7, 15, 16, 17, 64, 100, 257, 2560})
      for (const std::size_t grain : {1, 3, 16, 1000, 5000}) {
        INFO("threads=" << threads << " n=" << n << " grain=" << grain);
        const Parts parts = parts_of(pool, n, grain);
        CHECK(parts.size() <= threads);
        std::size_t reached = 0;
        for (const auto& [begin, end] : parts) {
          REQUIRE(begin == reached);
          REQUIRE(end > begin);
          REQUIRE((end == n || end % grain == 0));
          reached = end;
        }
        REQUIRE(reached == n);
        REQUIRE(parts_of(pool, n, grain) == parts);
      }
  }
}

TEST_CASE("the partition is even to a grain and the same in every pool of its size", "[kernels]") {
  ThreadPool pool(4), other(4);
  const Parts parts = parts_of(pool, 160, 16);
  CHECK(parts == Parts{{0, 32}, {32, 80}, {80, 112}, {112, 160}});
  CHECK(parts_of(other, 160, 16) == parts);
}

TEST_CASE("parts that wait for each other run side by side", "[kernels]") {
  ThreadPool pool(4);
  std::latch all_begun(4);  // one thread alone would wait here for ever
  std::set<std::thread::id> ids;
  std::mutex mutex;
  pool.parallel_for(4, 1, [&](std::size_t, std::size_t) {
    all_begun.arrive_and_wait();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() == 4);
  CHECK(ids.count(std::this_thread::get_id()) == 1);
}

TEST_CASE("a part that takes long holds up the return and not the other parts", "[kernels]") {
  ThreadPool pool(2);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> done{0};
    pool.parallel_for(2, 1, [&](std::size_t begin, std::size_t) {
      if (begin == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      ++done;
    });
    REQUIRE(done == 2);
  }
}

TEST_CASE("loops in a row see each other's writes", "[kernels]") {
  for (const unsigned threads : {2u, 4u}) {
    ThreadPool pool(threads);
    // Plain ints, and each loop reads what another thread wrote in the loop before.
    std::vector<int> values(64, 0), next(64, 0);
    for (int loop = 0; loop < 500; ++loop) {
      pool.parallel_for(values.size(), 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) next[i] = values[63 - i] + 1;
      });
      values.swap(next);
    }
    CHECK(std::all_of(values.begin(), values.end(), [](int v) { return v == 500; }));
  }
}

TEST_CASE("workers that parked wake up again", "[kernels]") {
  ThreadPool pool(3);
  for (int loop = 0; loop < 20; ++loop) {
    std::atomic<std::size_t> sum{0};
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.parallel_for(300, 1, [&](std::size_t begin, std::size_t end) { sum += end - begin; });
    CHECK(sum == 300);
  }
}

TEST_CASE("an idle pool uses no processor", "[kernels]") {
  ThreadPool pool(4);
  parts_of(pool, 100, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // spinning is over by then
  const std::clock_t before = std::clock();                    // processor time of all threads
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC < 0.1);
}

TEST_CASE("pools come and go without having worked", "[kernels]") {
  for (int i = 0; i < 50; ++i) {
    ThreadPool pool(1 + static_cast<unsigned>(i % 5));
    if (i % 2 == 0) CHECK(parts_of(pool, 10, 1).size() <= pool.threads());
  }
}

TEST_CASE("a pool of no threads or of too many is refused", "[kernels]") {
  CHECK_THROWS_AS(ThreadPool(0), std::runtime_error);
  CHECK_THROWS_AS(ThreadPool(1025), std::runtime_error);
  CHECK_THROWS_WITH(ThreadPool(0), Catch::Contains("expected 1 to 1024"));
}

}  // namespace
}  // namespace tern::kernels
