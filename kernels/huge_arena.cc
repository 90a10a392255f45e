// SPDX-License-Identifier: Apache-2.0

#include "kernels/huge_arena.h"

#include <algorithm>
#include <stdexcept>

#include "kernels/check.h"
#include "kernels/scratch.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kRegion = std::size_t{64} << 20;

// A whole one, or where the system does not give it, as much as is needed.
HugeBuffer region(std::size_t bytes, const char* what) {
  if (bytes < kRegion) try {
      return HugeBuffer::untouched(kRegion, what);
    } catch (const std::runtime_error&) {
    }
  return HugeBuffer::untouched(bytes, what);
}

}  // namespace

void HugeArena::reserve(std::size_t bytes, const char* what) {
  if (bytes == 0) return;
  regions_.push_back(HugeBuffer::untouched(bytes, what));
  used_ = 0;
}

std::uint8_t* HugeArena::room(std::size_t bytes, const char* what) {
  require_memory(bytes, what, true);
  if (regions_.empty() || regions_.back().size() - used_ < bytes) {
    regions_.push_back(region(bytes, what));
    used_ = 0;
  }
  return regions_.back().data() + used_;
}

void HugeArena::keep(std::size_t bytes) {
  TERN_CHECK(!regions_.empty() && bytes <= regions_.back().size() - used_, "no such room");
  const std::size_t end = (used_ + bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
  used_ = std::min(end, regions_.back().size());
}

}  // namespace tern::kernels
