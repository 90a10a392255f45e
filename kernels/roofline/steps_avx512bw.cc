// SPDX-License-Identifier: Apache-2.0
//
// The steps of steps_avx2.cc on 512 bits, where there are 2 ports for both instructions.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kTokens = 8, kVecs = 1;  // side by side in panels_chunks.h
constexpr std::size_t kChains = kTokens * kVecs;

struct Ones {
  alignas(64) std::uint8_t bytes[64];
  constexpr Ones() : bytes() {
    for (std::uint8_t& byte : bytes) byte = 1;
  }
};

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+v"(value))

// As text: else gcc 12 sums products in trees.
#define TERN_ADD(sum, product) asm volatile("vpaddw %1, %0, %0" : "+v"(sum) : "v"(product))

TERN_TARGET_AVX512BW std::uint64_t registers(std::size_t rounds) noexcept {
  __m512i codes = _mm512_set1_epi8(1), x = codes, sums[kChains];
  TERN_OPAQUE(codes);
#pragma GCC unroll 16
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) {
      TERN_OPAQUE(x);
      TERN_ADD(sums[i], _mm512_maddubs_epi16(codes, x));
    }
  return sum_of_lanes<std::uint16_t>(sums);
}

TERN_TARGET_AVX512BW std::uint64_t first_level(std::size_t rounds) noexcept {
  static constexpr Ones kOnes;
  const std::uint8_t* codes = kOnes.bytes;
  const std::uint8_t* x = kOnes.bytes;
  __m512i sums[kChains];
#pragma GCC unroll 16
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(codes), "+r"(x));
    __m512i quad[kVecs];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v) quad[v] = _mm512_load_si512(codes + 64 * v);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      std::int32_t four;
      std::memcpy(&four, x + 4 * t, sizeof four);
      const __m512i xs = _mm512_set1_epi32(four);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        TERN_ADD(sums[t * kVecs + v], _mm512_maddubs_epi16(quad[v], xs));
    }
  }
  return sum_of_lanes<std::uint16_t>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"step_int8_vpaddw_avx512bw", Isa::kAvx512Bw, Datatype::kInt8,
             "vpmaddubsw zmm + vpaddw", kChains * 64, registers},
    PeakLoop{"step_int8_tokens_avx512bw", Isa::kAvx512Bw, Datatype::kInt8,
             "vpmaddubsw zmm + vpaddw, 8 tokens by codes of L1", kChains * 64, first_level},
};

}  // namespace

PeakLoops step_loops_avx512bw() noexcept { return kTable; }

}  // namespace tern::kernels
