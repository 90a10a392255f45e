// SPDX-License-Identifier: Apache-2.0
//
// Scratch for unpacked codes, aligned to a cache line; one per thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace tern::kernels {

class CodeBuffer {
 public:
  // At least `bytes`, whose contents are lost by the next call. Ends the program where there is
  // no memory: kernels cannot throw.
  std::uint8_t* room(std::size_t bytes) noexcept {
    if (bytes > size_) {
      size_ = (bytes + kAlignment - 1) / kAlignment * kAlignment;
      data_.reset(static_cast<std::uint8_t*>(::operator new (size_, std::align_val_t{kAlignment})));
    }
    return data_.get();
  }

 private:
  static constexpr std::size_t kAlignment = 64;
  struct Delete {
    void operator()(std::uint8_t* p) const noexcept {
      ::operator delete (p, std::align_val_t{kAlignment});
    }
  };
  std::size_t size_ = 0;
  std::unique_ptr<std::uint8_t, Delete> data_;
};

}  // namespace tern::kernels
