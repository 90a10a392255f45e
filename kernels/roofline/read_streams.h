// SPDX-License-Identifier: Apache-2.0
//
// What the loops of read.h share: how they cut their bytes into streams.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/roofline/read.h"

namespace tern::kernels {

using ReadLoops = std::span<const Kernel<ReadFn>>;

inline constexpr std::size_t kLinesPerStep = 8;  // of all streams together; one accumulator each
inline constexpr std::size_t kStepBytes = kLinesPerStep * kLineBytes;

// Far enough for memory to answer, near enough to stay in the first cache level.
inline constexpr std::size_t kPrefetchAhead = 2048;

// Bytes of each of `streams` streams, a multiple of what one step takes of it. They do not start
// at equal offsets of a page: streams that did would compete for the same cache sets.
constexpr std::size_t stream_bytes(std::size_t bytes, std::size_t streams) {
  const std::size_t part = kStepBytes / streams;
  const std::size_t stream = bytes / kStepBytes * part;
  return stream != 0 && stream % 4096 == 0 ? stream - part : stream;
}

// Never faults, so it may point past the end.
inline void prefetch_ahead(const std::uint8_t* at) {
  __builtin_prefetch(
      reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + kPrefetchAhead));
}

}  // namespace tern::kernels
