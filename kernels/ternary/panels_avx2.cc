// SPDX-License-Identifier: Apache-2.0
//
// AVX2: vpmaddubsw into int16 lanes, widened by vpmaddwd. A quad of 16 rows is two registers; 4
// tokens of them are 8 of the 16 registers.

#include "kernels/ternary/panels_avx2.h"

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"

#define TERN_TARGET TERN_TARGET_AVX2

namespace tern::kernels {
namespace {

struct Ops : Avx2Ops {
  static constexpr bool kExact32 = false;
  static constexpr std::size_t kTokens = 4, kTokensUnpacked = 6;
  static constexpr bool kUnpackT2p = true, kUnpackT5p = true;

  // As text: else gcc 12 sums products in trees, and copies each sum.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    asm("vpaddw %1, %0, %0" : "+x"(acc) : "x"(_mm256_maddubs_epi16(codes, x)));
    return acc;
  }
  TERN_TARGET static Vec widen(Vec acc) { return _mm256_madd_epi16(acc, _mm256_set1_epi16(1)); }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t2p_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                     std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avx2(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                     std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
