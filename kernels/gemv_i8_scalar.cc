// SPDX-License-Identifier: Apache-2.0
//
// The reference: written to be checked by eye against gemv.h, not to be fast.

#include "kernels/gemv.h"

namespace tern::kernels {

void gemv_i8_scalar(const I8View& w, const std::int8_t* x, std::int32_t* y) noexcept {
  for (std::size_t r = 0; r < w.rows; ++r) {
    const std::int8_t* row = w.data + r * w.cols;
    std::int32_t sum = 0;  // |sum| <= kMaxCols * 2^14 = 2^30
    for (std::size_t k = 0; k < w.cols; ++k) sum += row[k] * x[k];
    y[r] = sum;
  }
}

}  // namespace tern::kernels
