// SPDX-License-Identifier: Apache-2.0
//
// Memory for many matrices that are read one after the other: side by side in huge pages, which a
// matrix smaller than a page of its own would not get. Zen 5, two threads on two dies by 76 GB/s:
// the linears of a token of the 2B4T shape take 6.2 ms, with normal pages for those below 2 MB 6.8.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/huge_buffer.h"

namespace tern::kernels {

class HugeArena {
 public:
  // Addresses for `bytes` of rooms to come, each with a line more than it takes: none of them fails
  // for want of addresses later. Throws likewise.
  void reserve(std::size_t bytes, const char* what);

  // Room for `bytes`, aligned to a line of the cache, behind what was kept before where it fits.
  // Nothing touches it: whoever writes a page first places it. The next call gives the same room
  // unless it was kept. Throws std::runtime_error that names `what` and both sizes when the memory
  // is not there.
  std::uint8_t* room(std::size_t bytes, const char* what);

  // The first `bytes` of the last room() stay what they are for as long as the arena.
  void keep(std::size_t bytes);

 private:
  std::vector<HugeBuffer> regions_;
  std::size_t used_ = 0;  // bytes of the last region
};

}  // namespace tern::kernels
