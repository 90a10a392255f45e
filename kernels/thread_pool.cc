// SPDX-License-Identifier: Apache-2.0

#include "kernels/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "kernels/check.h"
#include "kernels/isa.h"

namespace tern::kernels {

namespace {

constexpr unsigned kMaxThreads = 1024;

// Looks before a thread sleeps in the kernel: about 50 us, longer than the serial work between
// two products of one token, and short enough that an idle pool costs nothing.
constexpr int kSpins = 2000;
constexpr int kSpinsPerYield = 128;

// Blocks until value != old.
void await_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) noexcept {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    // Where threads outnumber cores, the one waited for may need this core.
    if (i % kSpinsPerYield == kSpinsPerYield - 1)
      std::this_thread::yield();
    else
      spin_pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

// The partition is fixed; who runs a part is not. Each thread takes its own part first, where the
// cache has what it read last time, then any part nobody has begun: so a worker that the system
// has not woken yet, or has put aside, holds nobody up.
struct ThreadPool::Impl {
  using Body = std::function<void(std::size_t, std::size_t)>;

  explicit Impl(unsigned threads) : parts(threads) {}

  std::atomic<bool> stopping{false};
  // Between dies a line takes 200 ns to follow a write: what a worker needs at once shares one.
  alignas(64) std::atomic<std::uint32_t> epoch{0};  // loops started
  // Written by the caller before it bumps `epoch`, read by who has taken a part of that loop.
  const Body* body = nullptr;
  std::size_t n = 0;
  std::size_t grain = 1;

  alignas(64) std::atomic<std::uint32_t> pending{0};  // parts of the current loop not yet done
  struct alignas(64) Part {
    std::atomic<std::uint32_t> taken{0};  // the last loop it was taken in
  };
  std::vector<Part> parts;
  std::vector<std::thread> workers;

  // Part i of the partition: grains i * units / parts up to (i + 1) * units / parts.
  std::size_t bound(std::size_t i) const noexcept {
    const std::size_t all = parts.size();
    const std::size_t units = n / grain + static_cast<std::size_t>(n % grain != 0);
    const std::size_t unit = units / all * i + units % all * i / all;
    return unit == units ? n : unit * grain;
  }

  // Every part is taken in every loop, so a part free in loop e was last taken in e - 1.
  void run_parts(std::uint32_t loop, std::size_t first) {
    std::uint32_t done = 0;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const std::size_t i = first + k < parts.size() ? first + k : first + k - parts.size();
      std::uint32_t before = loop - 1;
      std::atomic<std::uint32_t>& taken = parts[i].taken;
      if (taken.load(std::memory_order_relaxed) != before ||  // costs its owner less
          !taken.compare_exchange_strong(before, loop, std::memory_order_acq_rel))
        continue;
      const std::size_t begin = bound(i), end = bound(i + 1);
      if (begin != end) (*body)(begin, end);
      ++done;
    }
    if (done != 0 && pending.fetch_sub(done, std::memory_order_acq_rel) == done)
      pending.notify_one();
  }

  void work(std::size_t part) {
    for (std::uint32_t seen = 0;;) {
      await_change(epoch, seen);
      seen = epoch.load(std::memory_order_acquire);
      __builtin_prefetch(&parts[part], 1);
      if (stopping.load(std::memory_order_relaxed)) return;
      run_parts(seen, part);
    }
  }

  void run_loop() {
    pending.store(static_cast<std::uint32_t>(parts.size()), std::memory_order_relaxed);
    const std::uint32_t loop = epoch.fetch_add(1, std::memory_order_release) + 1;
    epoch.notify_all();
    run_parts(loop, 0);
    for (std::uint32_t left; (left = pending.load(std::memory_order_acquire)) != 0;)
      await_change(pending, left);
  }

  void stop() noexcept {
    stopping.store(true, std::memory_order_relaxed);
    epoch.fetch_add(1, std::memory_order_release);
    epoch.notify_all();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(unsigned threads) {
  if (threads == 0 || threads > kMaxThreads)
    throw std::runtime_error("threads: found " + std::to_string(threads) + ", expected 1 to " +
                             std::to_string(kMaxThreads));
  impl_ = std::make_unique<Impl>(threads);
  impl_->workers.reserve(threads - 1);
  try {
    for (unsigned i = 1; i < threads; ++i)
      impl_->workers.emplace_back([impl = impl_.get(), i] { impl->work(i); });
  } catch (const std::system_error& error) {
    impl_->stop();
    throw std::runtime_error("threads: the system starts no more than " +
                             std::to_string(impl_->workers.size() + 1) + " of " +
                             std::to_string(threads) + " (" + error.what() + ")");
  }
}

ThreadPool::~ThreadPool() {
  if (impl_) impl_->stop();
}

unsigned ThreadPool::threads() const noexcept {
  return static_cast<unsigned>(impl_->workers.size() + 1);
}

void ThreadPool::parallel_for(std::size_t n, std::size_t grain,
                              const std::function<void(std::size_t, std::size_t)>& body) {
  TERN_CHECK(grain > 0, "a grain is at least 1");
  if (n == 0) return;
  if (impl_->workers.empty() || n <= grain) {
    body(0, n);
    return;
  }
  impl_->body = &body;
  impl_->n = n;
  impl_->grain = grain;
  impl_->run_loop();
}

}  // namespace tern::kernels
