// SPDX-License-Identifier: Apache-2.0
//
// The references: each code is turned into its weights. Written to be checked by eye against
// lut.h, not to be fast.

#include "kernels/ternary/lut.h"

namespace tern::kernels {

namespace {

// Where group l of step s of a row begins in a panel of blocks of `block_bytes`.
struct Row {
  const std::uint8_t* panel;
  LutPlace place;

  Row(const TernaryView& w, const Geometry& g, std::size_t r)
      : panel(w.data + r / kLutPanelRows * g.panel_bytes(w.cols)),
        place(lut_place(r % kLutPanelRows)) {}

  int index(std::size_t step_offset, std::size_t l) const {
    return panel[step_offset + place.byte + 16 * l] >> place.shift & 15;
  }
};

}  // namespace

void matmul_lut2_scalar(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      const Row row(w, kLut2Geometry, r);
      const std::int8_t* xg = x + t * ldx;
      std::int32_t sum = 0;
      for (std::size_t b = 0; b < kLut2Geometry.blocks(w.cols); ++b)
        for (std::size_t l = 0; l < kLutStepGroups; ++l, xg += 2) {
          const int index = row.index(b * kLutStepBytes, l);
          sum += (index / 3 - 1) * xg[0] + (index % 3 - 1) * xg[1];
        }
      y[t * ldy + r] = sum;
    }
}

void matmul_lut3_scalar(const TernaryView& w, const std::int8_t* x, std::size_t ldx,
                        std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      const Row row(w, kLut3Geometry, r);
      const std::int8_t* xg = x + t * ldx;
      std::int32_t sum = 0;
      for (std::size_t b = 0; b < kLut3Geometry.blocks(w.cols); ++b) {
        const std::size_t block = b * kLut3Geometry.block_bytes;
        for (std::size_t s = 0; s < kLut3Steps; ++s)
          for (std::size_t l = 0; l < kLutStepGroups; ++l, xg += 3) {
            const int code = row.index(block + s * kLutStepBytes, l) + 13;  // base 3, 13 is 000
            const std::int32_t v =
                (code / 9 - 1) * xg[0] + (code / 3 % 3 - 1) * xg[1] + (code % 3 - 1) * xg[2];
            const int signs =
                row.panel[block + kLut3Steps * kLutStepBytes + row.place.byte + 16 * l];
            const bool negative = (signs >> lut3_sign_shift(s, row.place.shift) & 1) != 0;
            sum += negative ? -v : v;
          }
      }
      y[t * ldy + r] = sum;
    }
}

}  // namespace tern::kernels
