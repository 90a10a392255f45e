// SPDX-License-Identifier: Apache-2.0
//
// The references for t2p and t5p: written to be checked by eye against panels.h, not to be fast.

#include "kernels/ternary/panels.h"
#include "kernels/ternary/t5p_code.h"

namespace tern::kernels {
namespace {

int t2p_code(const std::uint8_t* block, std::size_t r, std::size_t k) {
  return block[4 * r + k % 4] >> (2 * (k / 4)) & 3;
}

int t5p_code(const std::uint8_t* block, std::size_t r, std::size_t k) {
  return static_cast<int>(t5p_digit(block[4 * r + k % 4], k / 4));
}

void matmul(const Geometry& g, int (*code)(const std::uint8_t*, std::size_t, std::size_t),
            const TernaryView& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
            std::int32_t* y, std::size_t ldy) noexcept {
  for (std::size_t r = 0; r < w.rows; ++r) {
    const std::uint8_t* panel = w.data + r / kPanelRows * g.panel_bytes(w.cols);
    for (std::size_t t = 0; t < tokens; ++t) y[t * ldy + r] = 0;
    for (std::size_t k = 0; k < w.cols; ++k) {
      const std::uint8_t* block = panel + k / g.block_cols * g.block_bytes;
      const int weight = code(block, r % kPanelRows, k % g.block_cols) - 1;
      for (std::size_t t = 0; t < tokens; ++t) y[t * ldy + r] += weight * x[t * ldx + k];
    }
  }
}

}  // namespace

void matmul_t2p_scalar(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul(kT2p, t2p_code, w, x, ldx, tokens, y, ldy);
}

void matmul_t5p_scalar(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                       std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  matmul(kT5p, t5p_code, w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
