// SPDX-License-Identifier: Apache-2.0
//
// Reads of 256 bits.

#include <array>

#include "kernels/roofline/read.h"
#include "kernels/roofline/read_streams.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

TERN_TARGET_AVX2 inline __m256i add_line(__m256i sum, const std::uint8_t* at) {
  const auto* p = reinterpret_cast<const __m256i*>(at);
  return _mm256_add_epi64(_mm256_add_epi64(sum, _mm256_loadu_si256(p)), _mm256_loadu_si256(p + 1));
}

template <std::size_t S, bool kPrefetch>
TERN_TARGET_AVX2 std::uint64_t read(const std::uint8_t* data, std::size_t bytes,
                                    std::size_t passes) noexcept {
  constexpr std::size_t kLines = kLinesPerStep / S;
  const std::size_t stream = stream_bytes(bytes, S);
  __m256i sums[kLinesPerStep];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
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
  for (std::size_t k = 1; k < kLinesPerStep; ++k) sums[0] = _mm256_add_epi64(sums[0], sums[k]);
  std::uint64_t words[4], sum = 0;
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), sums[0]);
  for (const std::uint64_t word : words) sum += word;
  return sum;
}

constexpr std::array kTable = {
    Kernel<ReadFn>{"read_1_avx2", Isa::kAvx2, read<1, false>},
    Kernel<ReadFn>{"read_1p_avx2", Isa::kAvx2, read<1, true>},
    Kernel<ReadFn>{"read_2_avx2", Isa::kAvx2, read<2, false>},
    Kernel<ReadFn>{"read_2p_avx2", Isa::kAvx2, read<2, true>},
    Kernel<ReadFn>{"read_4_avx2", Isa::kAvx2, read<4, false>},
    Kernel<ReadFn>{"read_4p_avx2", Isa::kAvx2, read<4, true>},
    Kernel<ReadFn>{"read_8_avx2", Isa::kAvx2, read<8, false>},
    Kernel<ReadFn>{"read_8p_avx2", Isa::kAvx2, read<8, true>},
};

}  // namespace

ReadLoops read_loops_avx2() noexcept { return kTable; }

}  // namespace tern::kernels
