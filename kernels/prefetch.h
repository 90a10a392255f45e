// SPDX-License-Identifier: Apache-2.0
//
// Asking for weights that stream from memory before they are needed. A core's own prefetcher
// follows a stream some 20 lines (Intel), which many operations per line do not cover. In percent
// of a plain read, one token, 1 thread:
//   Emerald Rapids, 2 bits: 55 without, 90 asked once, far ahead into L2, 95 asked again near, into
//     L1; 4 KB to 16 KB far are alike, 64 KB lose 2 to 12.
//   Zen 5, 1.6 bits: 78 without, 94 asked once, 86 twice; INT8 85, 94, 74; 8 KB is best of 3 to 16.
//     2 threads by 80 GB/s, 1.6 bits: 70 and 88. Zen 4 by FP16: 22 GB/s without, 29 once.
// A part that ends asks no further (640 x 2560, 2 threads: 82 and 85 %), and one that begins asks
// for its first lines at once (88 %).

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

inline constexpr std::size_t kFarAhead = std::size_t{8} << 10;   // bytes, into L2
inline constexpr std::size_t kNearAhead = std::size_t{2} << 10;  // bytes, into L1

// How often kernels are to ask: TERN_PREFETCH=0, 1 or 2 where set, else what suits this CPU.
unsigned times_asked() noexcept;
inline bool asks_ahead() noexcept { return times_asked() != 0; }
// Whether twice. Set before main().
extern const bool asks_near;

// The line that lies `bytes` past `at`. Never faults, so it may lie past the end.
template <int kLevel>
[[gnu::always_inline]] inline void prefetch(const void* at, std::size_t bytes) {
  static_assert(kLevel == 1 || kLevel == 2);
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(at) + bytes), 0,
                     kLevel == 1 ? 3 : 2);
}

// The beginning of a stream, of which prefetch_stream() asks for the rest.
inline void prefetch_begin(const std::uint8_t* at, const std::uint8_t* end) {
  const auto left = static_cast<std::size_t>(end - at);
  for (std::size_t i = 0; i < left && i < kFarAhead; i += 64) prefetch<2>(at, i);
}

[[gnu::always_inline]] inline void prefetch_stream(const void* at) {
  prefetch<2>(at, kFarAhead);
  if (asks_near) prefetch<1>(at, kNearAhead);
}

// The same where what lies past `end` is somebody else's.
[[gnu::always_inline]] inline void prefetch_stream(const std::uint8_t* at,
                                                   const std::uint8_t* end) {
  const auto left = static_cast<std::size_t>(end - at);
  prefetch<2>(at, left > kFarAhead ? kFarAhead : 0);
  if (asks_near) prefetch<1>(at, kNearAhead);
}

}  // namespace tern::kernels
