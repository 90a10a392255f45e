// SPDX-License-Identifier: Apache-2.0
//
// Any GEMV of gemv.h over a thread pool: rows are split, so the result does not depend on the
// number of threads.

#pragma once

#include <cstddef>
#include <functional>

#include "kernels/gemv.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

// A multiple of the rows of one kernel pass, and of a cache line of y.
inline constexpr std::size_t kGemvRowGrain = 16;

// Below it one thread is done before a second one has gained more than its start costs.
inline constexpr std::size_t kGemvMinParallelBytes = 256 * 1024;

inline std::size_t weight_bytes(const T2View& w) { return w.rows * w.row_bytes(); }

// run(w, x, y), with the pool where it pays.
template <typename View, typename X, typename Y>
void parallel_gemv(ThreadPool& pool, void (*run)(const View&, const X*, Y*) noexcept, const View& w,
                   const X* x, Y* y) {
  if (pool.threads() == 1 || weight_bytes(w) < kGemvMinParallelBytes) {
    run(w, x, y);
    return;
  }
  const auto part = [&](std::size_t begin, std::size_t end) {
    run(w.slice(begin, end), x, y + begin);
  };
  pool.parallel_for(w.rows, kGemvRowGrain, std::cref(part));
}

}  // namespace tern::kernels
