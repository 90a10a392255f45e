// SPDX-License-Identifier: Apache-2.0
//
// A fixed set of threads for short parallel loops: workers spin for a while, then park.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace tern::kernels {

class ThreadPool {
 public:
  // `threads` counts the caller; 1 means no worker. Throws std::runtime_error for 0 or > 1024.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned threads() const noexcept;

  // Runs body(begin, end) over a partition of [0, n) that depends only on n, grain and the
  // thread count; every bound but n is a multiple of grain. Returns when all parts are done.
  // body must not throw and must not use the pool. One caller at a time.
  void parallel_for(std::size_t n, std::size_t grain,
                    const std::function<void(std::size_t, std::size_t)>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// body over [0, n): with the pool where there is one and it pays, else at once on this thread.
inline void parallel_for_if(bool pays, ThreadPool* pool, std::size_t n, std::size_t grain,
                            const std::function<void(std::size_t, std::size_t)>& body) {
  if (pool != nullptr && pays)
    pool->parallel_for(n, grain, body);
  else
    body(0, n);
}

}  // namespace tern::kernels
