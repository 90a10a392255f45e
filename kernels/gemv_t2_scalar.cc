// SPDX-License-Identifier: Apache-2.0
//
// The reference: written to be checked by eye against gemv.h, not to be fast.

#include "kernels/gemv.h"

namespace tern::kernels {

void gemv_t2_scalar(const T2View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  const std::uint8_t* block = w.data;
  for (std::size_t r = 0; r < w.rows; ++r) {
    std::int32_t sum = 0;  // |sum| <= kMaxCols * 128 = 2^23
    const std::int8_t* xb = x;
    for (std::size_t b = 0; b < w.blocks_per_row; ++b) {
      for (std::size_t j = 0; j < kT2BlockTrits; ++j) {
        const int code = (block[j % 32] >> (6 - 2 * (j / 32))) & 3;
        sum += (code - 1) * xb[j];
      }
      block += kT2BlockBytes;
      xb += kT2BlockTrits;
    }
    y[r] = sum;
  }
}

}  // namespace tern::kernels
