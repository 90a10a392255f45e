// SPDX-License-Identifier: Apache-2.0
//
// AVX2, FMA and F16C. 12 chains cover a latency of 5 cycles at 2 instructions per cycle. All loops
// over chains are unrolled, those of the first values too: else gcc 12 keeps the array in memory
// and copies, and vpmaddubsw fell from 236 to 158 GMAC/s on Zen 4.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 12;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+x"(value))

TERN_TARGET_AVX2 std::uint64_t int8_vpmaddubsw(std::size_t rounds) noexcept {
  __m256i threes = _mm256_set1_epi16(3), lanes[kChains];  // bytes 3, 0
  TERN_OPAQUE(threes);
#pragma GCC unroll 16
  for (__m256i& lane : lanes) {
    lane = _mm256_set1_epi16(1);
    TERN_OPAQUE(lane);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) lanes[i] = _mm256_maddubs_epi16(lanes[i], threes);
  return sum_of_lanes<std::uint16_t>(lanes);
}

TERN_TARGET_AVX2 std::uint64_t int8_vpmaddwd(std::size_t rounds) noexcept {
  __m256i a = _mm256_set1_epi16(1), b = a, sums[kChains];
#pragma GCC unroll 16
  for (__m256i& sum : sums) {
    sum = _mm256_setzero_si256();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) {
      TERN_OPAQUE(a);
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(a, b));
    }
  return sum_of_lanes<std::int32_t>(sums);
}

TERN_TARGET_AVX2 std::uint64_t fp32_vfmadd(std::size_t rounds) noexcept {
  __m256 a = _mm256_set1_ps(1), b = a, sums[kChains];
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m256& sum : sums) {
    sum = _mm256_setzero_ps();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) sums[i] = _mm256_fmadd_ps(a, b, sums[i]);
  return sum_of_lanes<float>(sums);
}

// Weights from the first cache level, where vcvtph2ps takes them best.
TERN_TARGET_AVX2 std::uint64_t fp16_vcvtph2ps(std::size_t rounds) noexcept {
  alignas(32) static constexpr HalfOnes<kChains * 8> kOnes;
  const auto* at = reinterpret_cast<const __m128i*>(kOnes.halves);
  __m256 b = _mm256_set1_ps(1), sums[kChains];
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m256& sum : sums) {
    sum = _mm256_setzero_ps();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(at));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      sums[i] = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_load_si128(at + i)), b, sums[i]);
  }
  return sum_of_lanes<float>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_vpmaddubsw_avx2", Isa::kAvx2, Datatype::kInt8, "vpmaddubsw ymm",
             kChains * 32, int8_vpmaddubsw},
    PeakLoop{"peak_int8_vpmaddwd_avx2", Isa::kAvx2, Datatype::kInt8,
             "vpmaddwd ymm + vpaddd (bytes widened to 16 bits)", kChains * 16, int8_vpmaddwd},
    PeakLoop{"peak_fp32_vfmadd_avx2", Isa::kAvx2, Datatype::kFp32, "vfmadd ymm", kChains * 8,
             fp32_vfmadd},
    PeakLoop{"peak_fp16_vcvtph2ps_avx2", Isa::kAvx2, Datatype::kFp16, "vcvtph2ps ymm + vfmadd",
             kChains * 8, fp16_vcvtph2ps},
};

}  // namespace

PeakLoops peak_loops_avx2() noexcept { return kTable; }

}  // namespace tern::kernels
