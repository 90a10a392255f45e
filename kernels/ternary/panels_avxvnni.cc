// SPDX-License-Identifier: Apache-2.0
//
// AVX-VNNI: vpdpbusd in VEX encoding; a quad of 16 rows is two registers.

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx2.h"

#define TERN_TARGET TERN_TARGET_AVXVNNI

namespace tern::kernels {
namespace {

struct Ops : Avx2Ops {
  static constexpr bool kExact32 = true;
  static constexpr std::size_t kTokens = 4, kTokensUnpacked = 6;
  static constexpr bool kUnpackT2p = true, kUnpackT5p = true;

  // As text: of the intrinsic gcc 12 makes a copy of each accumulator, 40 instructions for 8
  // products.
  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(acc) : "x"(codes), "x"(x));
    return acc;
  }
  TERN_TARGET static Vec widen(Vec acc) { return acc; }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t2p_avxvnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avxvnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
