// SPDX-License-Identifier: Apache-2.0
//
// AVX2: what vpmaddubsw leaves of its peak where 16-bit lanes are added up by vpaddw, which
// competes for the same ports (Emerald Rapids: 2 a cycle for the one, 3 for both). panels_chunks.h
// does so.

#include "kernels/roofline/peak_loops.h"
#include "kernels/x86.h"

namespace tern::kernels {

namespace {

constexpr std::size_t kTokens = 6, kVecs = 2;  // side by side in panels_chunks.h
constexpr std::size_t kChains = kTokens * kVecs;

struct Ones {
  alignas(64) std::uint8_t bytes[64];
  constexpr Ones() : bytes() {
    for (std::uint8_t& byte : bytes) byte = 1;
  }
};

// What the compiler knows of a value ends here.
#define TERN_OPAQUE(value) asm volatile("" : "+x"(value))

// As text: else gcc 12 sums products in trees.
#define TERN_ADD(sum, product) asm volatile("vpaddw %1, %0, %0" : "+x"(sum) : "x"(product))

TERN_TARGET_AVX2 std::uint64_t registers(std::size_t rounds) noexcept {
  __m256i codes = _mm256_set1_epi8(1), x = codes, sums[kChains];
  TERN_OPAQUE(codes);
#pragma GCC unroll 16
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (; rounds != 0; --rounds)
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kChains; ++i) {
      TERN_OPAQUE(x);
      TERN_ADD(sums[i], _mm256_maddubs_epi16(codes, x));
    }
  return sum_of_lanes<std::uint16_t>(sums);
}

TERN_TARGET_AVX2 std::uint64_t first_level(std::size_t rounds) noexcept {
  static constexpr Ones kOnes;
  const std::uint8_t* codes = kOnes.bytes;
  const std::uint8_t* x = kOnes.bytes;
  __m256i sums[kChains];
#pragma GCC unroll 16
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (; rounds != 0; --rounds) {
    asm volatile("" : "+r"(codes), "+r"(x));
    __m256i quad[kVecs];
#pragma GCC unroll 2
    for (std::size_t v = 0; v < kVecs; ++v)
      quad[v] = _mm256_load_si256(reinterpret_cast<const __m256i*>(codes) + v);
#pragma GCC unroll 8
    for (std::size_t t = 0; t < kTokens; ++t) {
      std::int32_t four;
      std::memcpy(&four, x + 4 * t, sizeof four);
      const __m256i xs = _mm256_set1_epi32(four);
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVecs; ++v)
        TERN_ADD(sums[t * kVecs + v], _mm256_maddubs_epi16(quad[v], xs));
    }
  }
  return sum_of_lanes<std::uint16_t>(sums);
}

constexpr std::array kTable = {
    PeakLoop{"step_int8_vpaddw_avx2", Isa::kAvx2, Datatype::kInt8, "vpmaddubsw ymm + vpaddw",
             kChains * 32, registers},
    PeakLoop{"step_int8_tokens_avx2", Isa::kAvx2, Datatype::kInt8,
             "vpmaddubsw ymm + vpaddw, 6 tokens by codes of L1", kChains * 32, first_level},
};

}  // namespace

PeakLoops step_loops_avx2() noexcept { return kTable; }

}  // namespace tern::kernels
