// SPDX-License-Identifier: Apache-2.0
//
// The tables' scratch memory.

#include "kernels/ternary/lut.h"

#include <memory>
#include <new>

namespace tern::kernels {

std::uint8_t* lut_scratch(std::size_t bytes) noexcept {
  struct Free {
    void operator()(std::uint8_t* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  thread_local std::unique_ptr<std::uint8_t[], Free> memory;
  thread_local std::size_t size = 0;
  if (size < bytes) {
    memory.reset();
    memory.reset(static_cast<std::uint8_t*>(::operator new[](bytes, std::align_val_t{64})));
    size = bytes;
  }
  return memory.get();
}

}  // namespace tern::kernels
