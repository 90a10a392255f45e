// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI with VBMI, for t5p alone: vpermi2b is a table of 128 bytes, so two of them turn a
// byte of five trits into four 2-bit codes; the fifth telescopes. 16 operations to 5 products where
// telescoping takes 20: 112 for 94 GMAC/s on Zen 4 from cache.
// That is below what one core reads (32 GB/s, 160 GMAC/s of t5p), so a single thread is bound by
// decoding: Zen 4 sustains some 1.8 operations of 64 bytes per cycle. Bare loops of other decoders,
// where this one gave 129 GMAC/s: a second table for the fifth code 92 (it queues for the same two
// pipes), a code whose negation is that of its trits, by vpabsb, 120, one reduced by vpminub 133.

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"

#define TERN_TARGET TERN_TARGET_AVX512VBMI

namespace tern::kernels {
namespace {

// Of every byte of t5p its codes 1 to 4, in the fields of another byte.
alignas(64) constexpr std::array<std::uint8_t, 256> kFields = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned q = 0; q < 256; ++q) {
    unsigned fields = 0;
    for (unsigned r = 3 * q & 255, n = 0; n < 4; ++n, r = 3 * r & 255)
      fields |= (3 * r >> 8) << (2 * n);
    table[q] = static_cast<std::uint8_t>(fields);
  }
  return table;
}();

struct Ops : Avx512Ops {
  static constexpr bool kExact32 = true;
  static constexpr bool kLookup4 = true;
  static constexpr std::size_t kTokens = 8;

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

  TERN_TARGET static Vec lookup4(Vec q) {
    const Vec low = _mm512_permutex2var_epi8(load(&kFields[0]), q, load(&kFields[64]));
    const Vec high = _mm512_permutex2var_epi8(load(&kFields[128]), q, load(&kFields[192]));
    return _mm512_mask_mov_epi8(low, _mm512_movepi8_mask(q), high);
  }
};

#include "kernels/ternary/panels_tile.h"

}  // namespace

void matmul_t5p_avx512vbmi(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                           std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  multiply<T5p>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
