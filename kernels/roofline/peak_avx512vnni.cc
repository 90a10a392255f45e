// SPDX-License-Identifier: Apache-2.0
//
// VNNI in EVEX encoding, on both widths: a CPU that splits 512 bits in halves gains nothing by
// them.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 16;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+v"(value))

TERN_TARGET_AVX512VNNI std::uint64_t int8_zmm(std::size_t rounds) noexcept {
  __m512i a = _mm512_set1_epi8(1), b = a;
  __m512i sums[kChains];
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
  return sum_of_lanes<std::int32_t>(sums);
}

TERN_TARGET_AVX512VNNI std::uint64_t int8_ymm(std::size_t rounds) noexcept {
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
    for (std::size_t i = 0; i < kChains; ++i) sums[i] = _mm256_dpbusd_epi32(sums[i], a, b);
  return sum_of_lanes<std::int32_t>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_zmm_avx512vnni", Isa::kAvx512Vnni, Datatype::kInt8, "vpdpbusd zmm",
             kChains * 64, int8_zmm},
    PeakLoop{"peak_int8_ymm_avx512vnni", Isa::kAvx512Vnni, Datatype::kInt8, "vpdpbusd ymm",
             kChains * 32, int8_ymm},
};

}  // namespace

PeakLoops peak_loops_avx512vnni() noexcept { return kTable; }

}  // namespace tern::kernels
