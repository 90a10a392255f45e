// SPDX-License-Identifier: Apache-2.0
//
// Reads of 128 bits.

#include <arm_neon.h>

#include <array>

#include "kernels/roofline/read.h"
#include "kernels/roofline/read_streams.h"

namespace tern::kernels {

namespace {

inline uint64x2_t add_line(uint64x2_t sum, const std::uint8_t* at) {
  for (std::size_t k = 0; k < kLineBytes; k += 16)
    sum = vaddq_u64(sum, vreinterpretq_u64_u8(vld1q_u8(at + k)));
  return sum;
}

template <std::size_t S, bool kPrefetch>
std::uint64_t read(const std::uint8_t* data, std::size_t bytes, std::size_t passes) noexcept {
  constexpr std::size_t kLines = kLinesPerStep / S;
  const std::size_t stream = stream_bytes(bytes, S);
  uint64x2_t sums[kLinesPerStep];
  for (uint64x2_t& sum : sums) sum = vdupq_n_u64(0);
  for (; passes != 0; --passes) {
    for (std::size_t i = 0; i < stream; i += kLines * kLineBytes) {
#pragma GCC unroll 8
      for (std::size_t k = 0; k < kLinesPerStep; ++k) {
        const std::uint8_t* at = data + k / kLines * stream + i + k % kLines * kLineBytes;
        if constexpr (kPrefetch) prefetch_ahead(at);
        sums[k] = add_line(sums[k], at);
      }
    }
    for (std::size_t i = S * stream; i < bytes; i += kLineBytes)
      sums[0] = add_line(sums[0], data + i);
    asm volatile("" ::: "memory");  // or the second pass would be known to equal the first
  }
  for (std::size_t k = 1; k < kLinesPerStep; ++k) sums[0] = vaddq_u64(sums[0], sums[k]);
  return vgetq_lane_u64(sums[0], 0) + vgetq_lane_u64(sums[0], 1);
}

constexpr std::array kTable = {
    Kernel<ReadFn>{"read_1_neon", Isa::kNeon, read<1, false>},
    Kernel<ReadFn>{"read_1p_neon", Isa::kNeon, read<1, true>},
    Kernel<ReadFn>{"read_2_neon", Isa::kNeon, read<2, false>},
    Kernel<ReadFn>{"read_2p_neon", Isa::kNeon, read<2, true>},
    Kernel<ReadFn>{"read_4_neon", Isa::kNeon, read<4, false>},
    Kernel<ReadFn>{"read_4p_neon", Isa::kNeon, read<4, true>},
    Kernel<ReadFn>{"read_8_neon", Isa::kNeon, read<8, false>},
    Kernel<ReadFn>{"read_8p_neon", Isa::kNeon, read<8, true>},
};

}  // namespace

ReadLoops read_loops_neon() noexcept { return kTable; }

}  // namespace tern::kernels
