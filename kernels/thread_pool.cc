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

struct ThreadPool::Impl {
  using Body = std::function<void(std::size_t, std::size_t)>;

  // Written by the caller before it bumps `epoch`, read by workers after they saw the bump.
  const Body* body = nullptr;
  std::size_t n = 0;
  std::size_t grain = 1;
  bool stopping = false;

  alignas(64) std::atomic<std::uint32_t> epoch{0};    // loops started
  alignas(64) std::atomic<std::uint32_t> pending{0};  // workers still at the current loop
  std::vector<std::thread> workers;

  // Part i of the partition: grains i * units / parts up to (i + 1) * units / parts.
  std::size_t bound(std::size_t i) const noexcept {
    const std::size_t parts = workers.size() + 1;
    const std::size_t units = n / grain + static_cast<std::size_t>(n % grain != 0);
    const std::size_t unit = units / parts * i + units % parts * i / parts;
    return unit == units ? n : unit * grain;
  }

  void run_part(std::size_t i) const {
    const std::size_t begin = bound(i), end = bound(i + 1);
    if (begin != end) (*body)(begin, end);
  }

  void work(std::size_t part) {
    for (std::uint32_t seen = 0;;) {
      await_change(epoch, seen);
      ++seen;
      if (stopping) return;
      run_part(part);
      if (pending.fetch_sub(1, std::memory_order_acq_rel) == 1) pending.notify_one();
    }
  }

  void start_loop() noexcept {
    pending.store(static_cast<std::uint32_t>(workers.size()), std::memory_order_relaxed);
    epoch.fetch_add(1, std::memory_order_release);
    epoch.notify_all();
  }

  void finish_loop() noexcept {
    for (std::uint32_t left; (left = pending.load(std::memory_order_acquire)) != 0;)
      await_change(pending, left);
  }

  void stop() noexcept {
    stopping = true;
    start_loop();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(unsigned threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0 || threads > kMaxThreads)
    throw std::runtime_error("threads: found " + std::to_string(threads) + ", expected 1 to " +
                             std::to_string(kMaxThreads));
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
  impl_->start_loop();
  impl_->run_part(0);
  impl_->finish_loop();
}

}  // namespace tern::kernels
