// SPDX-License-Identifier: Apache-2.0
//
// The reference: the order of additions of dense.h, spelled out, not to be fast.

#include <array>
#include <cmath>

#include "kernels/dense/dense.h"

namespace tern::kernels {

namespace {

float f32_to_f32(float w) noexcept { return w; }

template <auto widen, typename W>
void multiply(const DenseView<W>& w, const float* x, std::size_t ldx, std::size_t tokens, float* y,
              std::size_t ldy) noexcept {
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t r = 0; r < w.rows; ++r) {
      const W* row = w.data + r * w.cols;
      std::array<float, kFloatAccumulators> a{};
      for (std::size_t k = 0; k < w.cols; ++k) {
        float& sum = a[k % kFloatAccumulators];
        sum = std::fma(widen(row[k]), x[t * ldx + k], sum);
      }
      for (std::size_t s = kFloatAccumulators / 2; s > 0; s /= 2)
        for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
      y[t * ldy + r] = a[0];
    }
}

}  // namespace

void matmul_f32_scalar(const DenseView<float>& w, const float* x, std::size_t ldx,
                       std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply<f32_to_f32>(w, x, ldx, tokens, y, ldy);
}

void matmul_f16_scalar(const DenseView<f16>& w, const float* x, std::size_t ldx, std::size_t tokens,
                       float* y, std::size_t ldy) noexcept {
  multiply<static_cast<float (*)(f16) noexcept>(f16_to_f32)>(w, x, ldx, tokens, y, ldy);
}

void matmul_bf16_scalar(const DenseView<bf16>& w, const float* x, std::size_t ldx,
                        std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply<static_cast<float (*)(bf16) noexcept>(bf16_to_f32)>(w, x, ldx, tokens, y, ldy);
}

void matmul_e4m3_scalar(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                        float* y, std::size_t ldy) noexcept {
  multiply<static_cast<float (*)(f8) noexcept>(e4m3_to_f32)>(w, x, ldx, tokens, y, ldy);
}

void matmul_e5m2_scalar(const DenseView<f8>& w, const float* x, std::size_t ldx, std::size_t tokens,
                        float* y, std::size_t ldy) noexcept {
  multiply<static_cast<float (*)(f8) noexcept>(e5m2_to_f32)>(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
