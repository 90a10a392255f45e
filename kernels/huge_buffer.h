// SPDX-License-Identifier: Apache-2.0
//
// Memory for large weights: aligned, in huge pages where the system grants them, first touched by
// the threads that will read it. Zen 4, one thread, plain read of 1 GiB: 35 GB/s in huge pages, 21
// in normal ones; Emerald Rapids, whose limit lies elsewhere, 16.6 and 15.9.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "kernels/thread_pool.h"

namespace tern::kernels {

// What the system could give now without swapping or killing: free and reclaimable memory within
// the limits of the machine, of this process's control group and of all groups above that.
// `mapped`: for addresses that it has, so that the limit of those does not count.
std::size_t available_memory_bytes(bool mapped = false);

// What the control groups alone leave, the largest number where they set no limit: those that the
// file `own` names as /proc/self/cgroup does, of version 1 or 2, mounted at `root`.
std::size_t control_group_headroom(const std::string& own, const std::string& root);

// Throws std::runtime_error that names `what` and both sizes when that is less than `bytes`.
void require_memory(std::size_t bytes, const char* what, bool mapped = false);

// Throws std::runtime_error that names `what`, and the limit of addresses (ulimit -v) that would
// do, when the limit that is set leaves fewer than `bytes`.
void require_addresses(std::size_t bytes, const char* what);

class HugeBuffer {
 public:
  static constexpr std::size_t kAlignment = std::size_t{2} << 20;  // of data(), both kinds

  enum class Pages : std::uint8_t {
    kNormal,  // the base size, also where the system would give huge ones unasked
    kHuge,    // asked for by madvise; normal ones where the system has none
  };

  HugeBuffer() = default;
  // `bytes` zeros, each page touched by the thread of `pool` that parallel_for gives it to. Throws
  // std::runtime_error that names `what` and both sizes when the memory is not there.
  HugeBuffer(std::size_t bytes, Pages pages, ThreadPool& pool, const char* what = "buffer");
  // The same in huge pages, which nobody has touched and no memory is yet there for.
  static HugeBuffer untouched(std::size_t bytes, const char* what);
  ~HugeBuffer();
  HugeBuffer(HugeBuffer&& other) noexcept { swap(other); }
  HugeBuffer& operator=(HugeBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  Pages asked() const noexcept { return asked_; }
  // How much of it lies in huge pages now, by /proc/self/smaps; 0 where that cannot be read.
  std::size_t huge_bytes() const;

 private:
  void map(const char* what);
  void swap(HugeBuffer& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(mapped_, other.mapped_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(asked_, other.asked_);
  }

  void* base_ = nullptr;    // of the mapping, which is longer than the buffer
  std::size_t mapped_ = 0;  // bytes
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  Pages asked_ = Pages::kNormal;
};

}  // namespace tern::kernels
