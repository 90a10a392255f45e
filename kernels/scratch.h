// SPDX-License-Identifier: Apache-2.0
//
// Memory that a kernel call fills and forgets: one block per thread and use, aligned to cache
// lines, kept for the next call.

#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace tern::kernels {

inline constexpr std::size_t kLineBytes = 64;

class Scratch {
 public:
  // At least `n` elements of a trivial type; what they hold is unspecified. Valid until the next
  // call.
  template <typename T>
  T* room(std::size_t n) {
    const std::size_t bytes = n * sizeof(T);
    if (bytes > bytes_) {
      block_.reset();
      block_.reset(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kLineBytes})));
      bytes_ = bytes;
    }
    return reinterpret_cast<T*>(block_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{kLineBytes}); }
  };
  std::unique_ptr<std::byte, Free> block_;
  std::size_t bytes_ = 0;
};

// Elements from one packed row of `cols` to the next: whole lines, and one more where rows would
// else compete for the same sets of the L1 cache (1 KB apart: four rows of one tile collide).
template <typename T>
constexpr std::size_t packed_stride(std::size_t cols) {
  const std::size_t lines = (cols * sizeof(T) + kLineBytes - 1) / kLineBytes;
  return (lines % 16 == 0 ? lines + 1 : lines) * (kLineBytes / sizeof(T));
}

}  // namespace tern::kernels
