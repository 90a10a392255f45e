// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: vpdpbusd takes a quad of 16 rows at once. A tile of 3 panels and 8 tokens fills 24
// of the 32 registers with accumulators: one broadcast of activations serves 3 products.

#include <algorithm>
#include <vector>

#include "kernels/ternary/code_buffer.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512VNNI

namespace tern::kernels {
namespace {

struct Ops : Avx512Ops {
  static constexpr bool kExact32 = true;
  static constexpr std::size_t kSmallTokens = 8, kTilePanels = 3, kTileTokens = 8;

  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    return _mm512_dpbusd_epi32(acc, codes, x);
  }
  TERN_TARGET static Vec widen(Vec acc) { return acc; }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t2p_avx512vnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avx512vnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
