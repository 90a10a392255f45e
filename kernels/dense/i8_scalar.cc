// SPDX-License-Identifier: Apache-2.0
//
// The reference: written to be checked by eye against dense.h, not to be fast.

#include "kernels/dense/dense.h"

namespace tern::kernels {

void matmul_i8_scalar(const DenseView<std::int8_t>& w, const std::int8_t* x, std::size_t ldx,
                      std::size_t tokens, std::int32_t* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      const std::int8_t* row = w.data + r * w.cols;
      std::int32_t sum = 0;  // |sum| <= 65536 * 2^14 = 2^30
      for (std::size_t k = 0; k < w.cols; ++k) sum += row[k] * x[t * ldx + k];
      y[t * ldy + r] = sum;
    }
}

}  // namespace tern::kernels
