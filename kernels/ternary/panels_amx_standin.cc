// SPDX-License-Identifier: Apache-2.0
//
// The AMX kernels over plain C++ tile operations, for hosts that lack AMX.

#include "kernels/ternary/panels_amx.h"

namespace tern::kernels {
namespace {

AmxScratch& scratch() noexcept {
  thread_local AmxScratch s;
  return s;
}

}  // namespace

void matmul_t2p_amx_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                            std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  AmxProduct<AmxT2p, PlainTiles>::multiply(scratch(), w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_amx_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                            std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  AmxProduct<AmxT5p, PlainTiles>::multiply(scratch(), w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
