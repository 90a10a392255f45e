// SPDX-License-Identifier: Apache-2.0
//
// The reference: the sums and their order as dense.h has them, not to be fast.

#include <array>
#include <cmath>

#include "kernels/dense/dense.h"

namespace tern::kernels {

void matmul_i4_scalar(const Q4View& w, const std::int8_t* x, std::size_t ldx, std::size_t tokens,
                      float* y, std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      std::array<float, kI4Accumulators> a{};
      for (std::size_t g = 0; g < w.cols / kQ4Group; ++g) {
        const std::uint8_t* group = w.data + r * w.row_bytes() + g * kQ4GroupBytes;
        const std::int8_t* xs = x + t * ldx + g * kQ4Group;
        std::int32_t sum = 0;  // |sum| <= 32 * 8 * 128 = 2^15
        for (std::size_t i = 0; i < kQ4Group / 2; ++i)
          sum += ((group[2 + i] & 15) - 8) * xs[i] + ((group[2 + i] >> 4) - 8) * xs[i + 16];
        const float d = f16_to_f32(static_cast<f16>(group[0] | group[1] << 8));
        float& to = a[g % kI4Accumulators];
        to = std::fma(d, static_cast<float>(sum), to);
      }
      for (std::size_t s = kI4Accumulators / 2; s > 0; s /= 2)
        for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
      y[t * ldy + r] = a[0];
    }
}

}  // namespace tern::kernels
