// SPDX-License-Identifier: Apache-2.0
//
// AMX int8: the kernels of panels_amx.h on real tiles.

#include "kernels/ternary/panels_amx.h"

#include "kernels/x86.h"

namespace tern::kernels {

TernaryFn matmul_t2p_avx512vnni, matmul_t5p_avx512vnni;

namespace {

// Fewer tokens are done sooner by vpdpbusd. Counted, not measured: per 32 rows and 64 columns, 2
// per cycle are 16 cycles a token, and unpacking, loads and 2 tile products some 70 cycles.
constexpr std::size_t kFewTokens = 5;

AmxScratch& scratch() noexcept {
  thread_local AmxScratch s;
  return s;
}

}  // namespace

TERN_TARGET_AMX void matmul_t2p_amx(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                    std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kFewTokens)
    matmul_t2p_avx512vnni(w, x, ldx, tokens, y, ldy);
  else
    AmxProduct<AmxT2p, AmxTiles>::multiply(scratch(), w, x, ldx, tokens, y, ldy);
}

TERN_TARGET_AMX void matmul_t5p_amx(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                                    std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  if (tokens < kFewTokens)
    matmul_t5p_avx512vnni(w, x, ldx, tokens, y, ldy);
  else
    AmxProduct<AmxT5p, AmxTiles>::multiply(scratch(), w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
