// SPDX-License-Identifier: Apache-2.0
//
// The AMX kernels over plain C++ tile operations, for hosts that lack AMX.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "kernels/amx_tiles.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/ternary/panels.h"
#include "kernels/ternary/t5p_code.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

using Tiles = PlainTiles;

// The codes of a block as bytes, [quads, 64].
struct UnpackT2p {
  static constexpr const Geometry& kGeometry = kT2p;
  static void block(const std::uint8_t* in, std::uint8_t* codes) {
    for (std::size_t p = 0; p < 4; ++p)
      for (std::size_t i = 0; i < kQuadBytes; ++i)
        codes[p * kQuadBytes + i] = static_cast<std::uint8_t>(in[i] >> (2 * p) & 3);
  }
};

struct UnpackT5p {
  static constexpr const Geometry& kGeometry = kT5p;
  static void block(const std::uint8_t* in, std::uint8_t* codes) {
    for (std::size_t n = 0; n < 5; ++n)
      for (std::size_t i = 0; i < kQuadBytes; ++i)
        codes[n * kQuadBytes + i] = static_cast<std::uint8_t>(t5p_digit(in[i], n));
  }
};

std::int32_t sum_of(const std::int8_t* x, std::size_t cols) {
  return std::accumulate(x, x + cols, std::int32_t{0});
}

#include "kernels/ternary/panels_amx.h"

}  // namespace

void matmul_t2p_amx_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                            std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  AmxProduct<UnpackT2p>::multiply(w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_amx_standin(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                            std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  AmxProduct<UnpackT5p>::multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
