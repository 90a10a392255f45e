// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel of the dense families over pools of 1 to 8 threads, above and below
// the size from which the pool is used; rows that are no multiple of the grain; one and several
// tokens.
// Parameters: the kernel tables, shapes, tokens, threads. A new row is tested with no edit here.

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/dense/parallel.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kShapes[][2] = {{3, 192}, {257, 1056}};  // rows, cols

template <typename Y, typename Fn, typename View, typename X>
void check_family(std::span<const Kernel<Fn>> table, const View& w, const std::vector<X>& x,
                  std::size_t tokens) {
  for (const auto& kernel : table) {
    if (!host_has(kernel.isa)) continue;
    const std::size_t ldy = w.rows + 1;
    std::vector<Y> alone(ldy * tokens, Y{-1});
    kernel.run(w, x.data(), w.cols, tokens, alone.data(), ldy);
    for (unsigned threads = 1; threads <= 8; ++threads) {
      ThreadPool pool(threads);
      std::vector<Y> parallel(ldy * tokens, Y{-1});
      parallel_matmul(pool, kernel.run, w, x.data(), w.cols, tokens, parallel.data(), ldy);
      INFO(kernel.name << " rows=" << w.rows << " tokens=" << tokens << " threads=" << threads);
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

TEST_CASE("a dense product does not depend on the number of threads", "[kernels]") {
  for (const auto& [rows, cols] : kShapes)
    for (const std::size_t tokens : {1, 7}) {
      const auto x = random_values<float>(cols * tokens, 17, -8);
      const auto q = random_values<std::int8_t>(cols * tokens, 256, -128);
      const std::size_t n = rows * cols;
      const auto f32 = random_values<float>(n, 17, -8);
      check_family<float>(matmul_f32_kernels(), DenseView<float>{f32.data(), rows, cols}, x,
                          tokens);
      const auto f16s = random_values<f16>(n, 0x4000, 0);
      check_family<float>(matmul_f16_kernels(), F16View{f16s.data(), rows, cols}, x, tokens);
      const auto bf16s = random_values<bf16>(n, 0x100, 0x3f00);
      check_family<float>(matmul_bf16_kernels(), DenseView<bf16>{bf16s.data(), rows, cols}, x,
                          tokens);
      const auto f8s = random_values<f8>(n, 0x70, 0);
      check_family<float>(matmul_e4m3_kernels(), DenseView<f8>{f8s.data(), rows, cols}, x, tokens);
      check_family<float>(matmul_e5m2_kernels(), DenseView<f8>{f8s.data(), rows, cols}, x, tokens);
      const auto i8 = random_values<std::int8_t>(n, 256, -128);
      check_family<std::int32_t>(matmul_i8_kernels(), I8View{i8.data(), rows, cols}, q, tokens);
      std::vector<std::uint8_t> i4 = pack_q4_0(f32.data(), rows, cols, "test");
      check_family<float>(matmul_i4_kernels(), Q4View{i4.data(), rows, cols}, q, tokens);
    }
}

}  // namespace
}  // namespace tern::kernels
