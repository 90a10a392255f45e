// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: vpdpbusd takes a quad of 16 rows at once. Eight tokens side by side fill half of
// the 32 registers with accumulators.

#include <algorithm>
#include <vector>

#include "kernels/prefetch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512VNNI

namespace tern::kernels {
namespace {

struct Ops : Avx512Ops {
  static constexpr bool kExact32 = true;
  static constexpr std::size_t kTokens = 8, kTokensUnpacked = 8;
  static constexpr bool kUnpackT2p = false, kUnpackT5p = true;

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

void matmul_t2p_avx512vnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T2p>(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_avx512vnni(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
