// SPDX-License-Identifier: Apache-2.0
//
// The AVX-VNNI kernels with vpdpbusd spelled out in AVX2, for hosts that lack it: only the
// instruction itself goes unproven there.

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx2.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

struct Ops : Avx2Ops {
  static constexpr bool kExact32 = true;
  static constexpr std::size_t kTokens = 4, kTokensUnpacked = 6;
  static constexpr bool kUnpackT2p = true, kUnpackT5p = true;

  // Unsigned times signed bytes, four products added to each int32 lane without saturation.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    const Vec low_byte = _mm256_set1_epi16(0x00ff);
    const Vec even = _mm256_madd_epi16(_mm256_and_si256(codes, low_byte),
                                       _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8));
    const Vec odd = _mm256_madd_epi16(_mm256_srli_epi16(codes, 8), _mm256_srai_epi16(x, 8));
    return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
  }
  TERN_TARGET static Vec widen(Vec acc) { return acc; }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t2p_avxvnni_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avxvnni_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
