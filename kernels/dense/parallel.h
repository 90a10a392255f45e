// SPDX-License-Identifier: Apache-2.0
//
// Any product of dense.h over a thread pool: rows are split, so the result does not depend on the
// number of threads.

#pragma once

#include <cstddef>
#include <functional>

#include "kernels/dense/dense.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

// A multiple of the rows of every kernel's tile, and of a cache line of y.
inline constexpr std::size_t kMatmulRowGrain = 32;

// Below some 20 us of work a product is done before another thread has woken.
inline constexpr std::size_t kMatmulMinParallelMacs = std::size_t{1} << 18;

// run(w, x, ldx, tokens, y, ldy), with the pool where it pays.
template <typename View, typename X, typename Y>
void parallel_matmul(ThreadPool& pool, MatmulFn<View, X, Y>* run, const View& w, const X* x,
                     std::size_t ldx, std::size_t tokens, Y* y, std::size_t ldy) {
  if (pool.threads() == 1 || w.rows * w.cols * tokens < kMatmulMinParallelMacs) {
    run(w, x, ldx, tokens, y, ldy);
    return;
  }
  const auto part = [&](std::size_t begin, std::size_t end) {
    run(w.slice(begin, end), x, ldx, tokens, y + begin, ldy);
  };
  pool.parallel_for(w.rows, kMatmulRowGrain, std::cref(part));
}

}  // namespace tern::kernels
