// SPDX-License-Identifier: Apache-2.0
//
// Reads of 64 bits, or whatever the compiler makes of them for any CPU.

#include <array>
#include <cstring>

#include "kernels/roofline/read.h"
#include "kernels/roofline/read_streams.h"

namespace tern::kernels {

namespace {

inline std::uint64_t add_line(std::uint64_t sum, const std::uint8_t* at) {
  std::uint64_t words[kLineBytes / sizeof(std::uint64_t)];
  std::memcpy(words, at, kLineBytes);
  for (const std::uint64_t word : words) sum += word;
  return sum;
}

template <std::size_t S, bool kPrefetch>
std::uint64_t read(const std::uint8_t* data, std::size_t bytes, std::size_t passes) noexcept {
  constexpr std::size_t kLines = kLinesPerStep / S;
  const std::size_t stream = stream_bytes(bytes, S);
  std::uint64_t sums[kLinesPerStep];
  for (std::uint64_t& sum : sums) sum = 0;
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
  for (std::size_t k = 1; k < kLinesPerStep; ++k) sums[0] += sums[k];
  return sums[0];
}

constexpr std::array kTable = {
    Kernel<ReadFn>{"read_1_scalar", Isa::kScalar, read<1, false>},
    Kernel<ReadFn>{"read_1p_scalar", Isa::kScalar, read<1, true>},
    Kernel<ReadFn>{"read_2_scalar", Isa::kScalar, read<2, false>},
    Kernel<ReadFn>{"read_2p_scalar", Isa::kScalar, read<2, true>},
    Kernel<ReadFn>{"read_4_scalar", Isa::kScalar, read<4, false>},
    Kernel<ReadFn>{"read_4p_scalar", Isa::kScalar, read<4, true>},
    Kernel<ReadFn>{"read_8_scalar", Isa::kScalar, read<8, false>},
    Kernel<ReadFn>{"read_8p_scalar", Isa::kScalar, read<8, true>},
};

}  // namespace

ReadLoops read_loops_scalar() noexcept { return kTable; }

}  // namespace tern::kernels
