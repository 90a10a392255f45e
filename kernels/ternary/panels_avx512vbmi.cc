// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI with VBMI, for t5p alone: vpermb looks up 64 bytes, and six of them, a shift and a
// vpternlogd make the five codes of a byte (t5p_code.h): 13 operations to 5 products, of which
// Emerald Rapids does two per cycle, Zen 4 some 1.8.
// With a base-3 fraction for a byte it took 16 (four codes by two vpermi2b, of 3 operations each on
// Intel, the fifth telescoped) or 20 (all telescoped: two products and two additions per code). One
// token, 2560 columns, from L2, one thread of Emerald Rapids: 167 GMAC/s for 89 and 57.

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512VBMI

namespace tern::kernels {
namespace {

struct Ops : Avx512VbmiOps {
  static constexpr bool kExact32 = true;
  static constexpr std::size_t kTokens = 8, kTokensUnpacked = 8;
  static constexpr bool kUnpackT2p = false, kUnpackT5p = false;

  TERN_TARGET static Vec mac(Vec acc, Vec codes, Vec x) {
    return _mm512_dpbusd_epi32(acc, codes, x);
  }
  // mac(acc, codes, set1_quad(x)) as the one instruction that gcc 12 does not make of it.
  TERN_TARGET static Vec mac_quad(Vec acc, Vec codes, const std::int8_t* x) {
    asm("vpdpbusd %2%{1to16%}, %1, %0"
        : "+v"(acc)
        : "v"(codes), "m"(*reinterpret_cast<const Quad*>(x)));
    return acc;
  }
  TERN_TARGET static Vec widen(Vec acc) { return acc; }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t5p_avx512vbmi(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
