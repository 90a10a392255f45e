// SPDX-License-Identifier: Apache-2.0
//
// BF16 pairs into float32.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 16;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+v"(value))

TERN_TARGET_AVX512BF16 std::uint64_t bf16_zmm(std::size_t rounds) noexcept {
  __m512i a = _mm512_set1_epi16(0x3f80), b = a;
  __m512 sums[kChains];
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m512& sum : sums) {
    sum = _mm512_setzero_ps();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      sums[i] =
          _mm512_dpbf16_ps(sums[i], reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  return sum_of_lanes<float>(sums);
}

TERN_TARGET_AVX512BF16 std::uint64_t bf16_ymm(std::size_t rounds) noexcept {
  __m256i a = _mm256_set1_epi16(0x3f80), b = a;
  __m256 sums[kChains];
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m256& sum : sums) {
    sum = _mm256_setzero_ps();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      sums[i] =
          _mm256_dpbf16_ps(sums[i], reinterpret_cast<__m256bh>(a), reinterpret_cast<__m256bh>(b));
  return sum_of_lanes<float>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_bf16_zmm_avx512bf16", Isa::kAvx512Bf16, Datatype::kBf16, "vdpbf16ps zmm",
             kChains * 32, bf16_zmm},
    PeakLoop{"peak_bf16_ymm_avx512bf16", Isa::kAvx512Bf16, Datatype::kBf16, "vdpbf16ps ymm",
             kChains * 16, bf16_ymm},
};

}  // namespace

PeakLoops peak_loops_avx512bf16() noexcept { return kTable; }

}  // namespace tern::kernels
