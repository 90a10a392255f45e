// SPDX-License-Identifier: Apache-2.0
//
// The reference: checked by eye against gemm_f32.h.

#include "kernels/gemm_f32.h"

namespace tern::kernels {

void gemm_f32_scalar(std::size_t m, std::size_t n, std::size_t k, const StridedView& a,
                     const StridedView& b, float* c, std::size_t ldc) {
  const auto at = [](const StridedView& v, std::size_t i, std::size_t j) {
    return v.data[static_cast<std::ptrdiff_t>(i) * v.row_stride +
                  static_cast<std::ptrdiff_t>(j) * v.col_stride];
  };
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      float sum = 0;
      for (std::size_t p = 0; p < k; ++p) sum += at(a, i, p) * at(b, p, j);
      c[i * ldc + j] += sum;
    }
  }
}

}  // namespace tern::kernels
