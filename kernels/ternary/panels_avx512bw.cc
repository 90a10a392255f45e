// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 BW: vpmaddubsw into int16 lanes, widened by vpmaddwd.

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512BW

namespace tern::kernels {
namespace {

struct Ops : Avx512Ops {
  static constexpr bool kExact32 = false;
  static constexpr std::size_t kTokens = 8, kTokensUnpacked = 8;
  static constexpr bool kUnpackT2p = true, kUnpackT5p = true;

  // As text: else gcc 12 sums products in trees, and copies each sum.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    asm("vpaddw %1, %0, %0" : "+v"(acc) : "v"(_mm512_maddubs_epi16(codes, x)));
    return acc;
  }
  TERN_TARGET static Vec mac_quad(Vec acc, Vec codes, const std::int8_t* x) {
    return mac(acc, codes, set1_quad(x));
  }
  TERN_TARGET static Vec widen(Vec acc) { return _mm512_madd_epi16(acc, _mm512_set1_epi16(1)); }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t2p_avx512bw(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                         std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avx512bw(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                         std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
