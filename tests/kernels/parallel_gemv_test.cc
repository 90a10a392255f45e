// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel over pools of 1 to 4 threads, above and below
// the size from which the pool is used; rows that are no multiple of the grain.
// Parameters: the kernel table, shapes, threads. A new row is tested with no edit here.

#include "kernels/parallel_gemv.h"

#include <bit>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace tern::kernels {
namespace {

constexpr std::size_t kShapes[][2] = {{3, 200}, {1700, 640}, {2057, 1024}};  // rows, cols

// parallel_gemv gives the bits of one call of the kernel for every number of threads.
template <typename Y, typename Fn, typename View, typename X>
void check_family(std::span<const Kernel<Fn>> table, const View& w, const std::vector<X>& x) {
  for (const unsigned threads : {1u, 2u, 3u, 4u}) {
    ThreadPool pool(threads);
    for (const auto& kernel : table) {
      if (!host_has(kernel.isa)) continue;
      std::vector<Y> alone(w.rows, Y{-1}), parallel(w.rows + 1, Y{-1});
      kernel.run(w, x.data(), alone.data());
      parallel_gemv(pool, kernel.run, w, x.data(), parallel.data());
      INFO(kernel.name << " rows=" << w.rows << " threads=" << threads);
      CHECK(parallel.back() == Y{-1});
      parallel.pop_back();
      CHECK(parallel == alone);
    }
  }
}

template <typename T>
std::vector<T> random_values(std::size_t n, unsigned modulus, int offset) {
  std::mt19937 rng(static_cast<unsigned>(n));
  std::vector<T> v(n);
  for (T& e : v) e = static_cast<T>(static_cast<int>(rng() % modulus) + offset);
  return v;
}

TEST_CASE("a ternary product does not depend on the number of threads", "[kernels]") {
  for (const auto& [rows, cols] : kShapes) {
    const auto x = random_values<std::int8_t>(t2_blocks(cols) * kT2BlockTrits, 256, -128);
    std::vector<std::uint8_t> w(rows * t2_row_bytes(cols));
    for (std::size_t r = 0; r < rows; ++r)
      pack_t2(random_values<std::int8_t>(cols + r, 3, -1).data(), cols,
              w.data() + r * t2_row_bytes(cols));
    check_family<std::int32_t>(gemv_t2_kernels(), T2View{w.data(), rows, t2_blocks(cols)}, x);
  }
}

}  // namespace
}  // namespace tern::kernels
