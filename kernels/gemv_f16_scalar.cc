// SPDX-License-Identifier: Apache-2.0
//
// The reference for the FP16 baseline: the order of additions in gemv.h, spelled out.

#include <array>

#include "kernels/gemv.h"

namespace tern::kernels {

void gemv_f16_scalar(const F16View& w, const float* x, float* y) noexcept {
  for (std::size_t r = 0; r < w.rows; ++r) {
    const f16* row = w.data + r * w.cols;
    std::array<float, kF16Accumulators> a{};
    // The product needs 22 significant bits, so it is exact and the compiler may fuse or not.
    for (std::size_t k = 0; k < w.cols; ++k) a[k % kF16Accumulators] += f16_to_f32(row[k]) * x[k];
    for (std::size_t s = kF16Accumulators / 2; s > 0; s /= 2)
      for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
    y[r] = a[0];
  }
}

}  // namespace tern::kernels
