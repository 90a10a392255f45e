// SPDX-License-Identifier: Apache-2.0
//
// Binary16 arithmetic as such: products and sums are rounded to 16 bits.

#include "kernels/f16.h"
#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kChains = 16;

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+v"(value))

TERN_TARGET_AVX512FP16 std::uint64_t fp16_vfmadd(std::size_t rounds) noexcept {
  __m512i a = _mm512_set1_epi16(0x3c00), b = a, sums[kChains];  // binary16 1.0
  TERN_OPAQUE(a);
  TERN_OPAQUE(b);
#pragma GCC unroll 16
  for (__m512i& sum : sums) {
    sum = _mm512_setzero_si512();
    TERN_OPAQUE(sum);
  }
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i)
      // Not the intrinsic: clang 14 has it only with a compiler flag for the file.
      asm("vfmadd231ph %2, %1, %0" : "+v"(sums[i]) : "v"(a), "v"(b));
  std::uint16_t halves[kChains * 32];
  std::memcpy(halves, sums, sizeof halves);
  float sum = 0;
  for (const std::uint16_t half : halves) sum += f16_to_f32(half);
  return static_cast<std::uint64_t>(sum);
}

constexpr std::array kTable = {
    PeakLoop{"peak_fp16_vfmadd_avx512fp16", Isa::kAvx512Fp16, Datatype::kFp16, "vfmadd ph zmm",
             kChains * 32, fp16_vfmadd},
};

}  // namespace

PeakLoops peak_loops_avx512fp16() noexcept { return kTable; }

}  // namespace tern::kernels
