// SPDX-License-Identifier: Apache-2.0
//
// VNNI in VEX encoding: 256-bit registers, 16 of them.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 10;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+x"(value))

TERN_TARGET_AVXVNNI std::uint64_t int8_vpdpbusd(std::size_t rounds) noexcept {
  __m256i a = _mm256_set1_epi8(1), b = a;
  __m256i sums[kChains];
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) sums[i] = _mm256_dpbusd_avx_epi32(sums[i], a, b);
  return sum_of_lanes<std::int32_t>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_vpdpbusd_avxvnni", Isa::kAvxVnni, Datatype::kInt8, "vpdpbusd ymm (VEX)",
             kChains * 32, int8_vpdpbusd},
};

}  // namespace

PeakLoops peak_loops_avxvnni() noexcept { return kTable; }

}  // namespace tern::kernels
