// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 without VNNI: the loops of peak_avx2.cc on 512 bits.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 16;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+v"(value))

TERN_TARGET_AVX512BW std::uint64_t int8_vpmaddubsw(std::size_t rounds) noexcept {
  __m512i threes = _mm512_set1_epi16(3), lanes[kChains];  // bytes 3, 0
  TERN_OPAQUE(threes);
#pragma GCC unroll 16
  for (__m512i& lane : lanes) {
    lane = _mm512_set1_epi16(1);
    TERN_OPAQUE(lane);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) lanes[i] = _mm512_maddubs_epi16(lanes[i], threes);
  return sum_of_lanes<std::uint16_t>(lanes);
}

TERN_TARGET_AVX512BW std::uint64_t fp32_vfmadd(std::size_t rounds) noexcept {
  __m512 a = _mm512_set1_ps(1), b = a;
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
    for (std::size_t i = 0; i < kChains; ++i) sums[i] = _mm512_fmadd_ps(a, b, sums[i]);
  return sum_of_lanes<float>(sums);
}

TERN_TARGET_AVX512BW std::uint64_t fp16_vcvtph2ps(std::size_t rounds) noexcept {
  alignas(64) static constexpr HalfOnes<kChains * 16> kOnes;
  const auto* at = reinterpret_cast<const __m256i*>(kOnes.halves);
  __m512 b = _mm512_set1_ps(1), sums[kChains];
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m512& sum : sums) {
    sum = _mm512_setzero_ps();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(at));
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      sums[i] = _mm512_fmadd_ps(_mm512_cvtph_ps(_mm256_load_si256(at + i)), b, sums[i]);
  }
  return sum_of_lanes<float>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"peak_int8_vpmaddubsw_avx512bw", Isa::kAvx512Bw, Datatype::kInt8, "vpmaddubsw zmm",
             kChains * 64, int8_vpmaddubsw},
    PeakLoop{"peak_fp32_vfmadd_avx512bw", Isa::kAvx512Bw, Datatype::kFp32, "vfmadd zmm",
             kChains * 16, fp32_vfmadd},
    PeakLoop{"peak_fp16_vcvtph2ps_avx512bw", Isa::kAvx512Bw, Datatype::kFp16,
             "vcvtph2ps zmm + vfmadd", kChains * 16, fp16_vcvtph2ps},
};

}  // namespace

PeakLoops peak_loops_avx512bw() noexcept { return kTable; }

}  // namespace tern::kernels
