// SPDX-License-Identifier: Apache-2.0
//
// AMX int8: the kernels of panels_amx.h on real tiles.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/amx_tiles.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/panels_avx512.h"
#include "kernels/x86.h"

#define TERN_TARGET TERN_TARGET_AMX

namespace tern::kernels {

TernaryFn matmul_t2p_avx512vnni, matmul_t5p_avx512vbmi;

namespace {

using Tiles = AmxTiles;

struct UnpackT2p {
  static constexpr const Geometry& kGeometry = kT2p;
  TERN_TARGET [[gnu::always_inline]] static void block(const std::uint8_t* in,
                                                       std::uint8_t* codes) {
    using Ops = Avx512Ops;
    const __m512i bytes = Ops::load(in), mask = Ops::set1_8(0b11);
    Ops::store_bytes(codes, Ops::and_(bytes, mask));
    Ops::store_bytes(codes + kQuadBytes, Ops::and_(Ops::srl16<2>(bytes), mask));
    Ops::store_bytes(codes + 2 * kQuadBytes, Ops::and_(Ops::srl16<4>(bytes), mask));
    Ops::store_bytes(codes + 3 * kQuadBytes, Ops::and_(Ops::srl16<6>(bytes), mask));
  }
};

struct UnpackT5p {
  static constexpr const Geometry& kGeometry = kT5p;
  TERN_TARGET [[gnu::always_inline]] static void block(const std::uint8_t* in,
                                                       std::uint8_t* codes) {
    __m512i quads[5];
    Avx512VbmiOps::decode5(Avx512Ops::load(in), quads);
#pragma GCC unroll 5
    for (std::size_t n = 0; n < 5; ++n) Avx512Ops::store_bytes(codes + n * kQuadBytes, quads[n]);
  }
};

TERN_TARGET std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  __m512i sum = _mm512_setzero_si512();
  for (std::size_t k = 0; k < cols; k += sizeof sum)
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(1), _mm512_loadu_si512(x + k));
  return _mm512_reduce_add_epi32(sum);
}

#include "kernels/ternary/panels_amx.h"

}  // namespace

void matmul_t2p_amx(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                    std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kAmxOwnFrom)
    matmul_t2p_avx512vnni(w, x, ldx, tokens, y, ldy);
  else
    AmxProduct<UnpackT2p>::multiply(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_amx(const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                    std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kAmxOwnFrom)
    matmul_t5p_avx512vbmi(w, x, ldx, tokens, y, ldy);
  else
    AmxProduct<UnpackT5p>::multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
