// SPDX-License-Identifier: Apache-2.0
//
// The baselines: products of dense matrices in float and integer formats. One table per format,
// fastest first; every function takes any number of tokens, one included.
//
// Float numerics (f32, f16, bf16, e4m3, e5m2), equal on every ISA unless its row says otherwise:
// 16 accumulators start at +0; accumulator l takes fma(w[k], x[k], a) for k = l, l + 16, ... in
// order, in float32, round to nearest even; then a[i] += a[i + s] for s = 8, 4, 2, 1 and i < s,
// and y = a[0].

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/f16.h"
#include "kernels/isa.h"

namespace tern::kernels {

inline constexpr std::size_t kFloatAccumulators = 16;

using bf16 = std::uint16_t;  // the upper half of a float32
using f8 = std::uint8_t;     // OCP 8-bit float, E4M3 or E5M2 by the table it meets

template <typename W>
struct DenseView {
  const W* data;  // [rows, cols], rows contiguous
  std::size_t rows;
  std::size_t cols;

  DenseView slice(std::size_t begin, std::size_t end) const {
    return {data + begin * cols, end - begin, cols};
  }
};

// y[t * ldy + r] = sum over k of W[r, k] * x[t * ldx + k] for r < rows, t < tokens; nothing else
// is written. x holds cols values per token, ldx >= cols, ldy >= rows. No pointer needs alignment;
// y must not overlap the inputs.
template <typename W, typename X, typename Y>
using DenseFn = void(const DenseView<W>& w, const X* x, std::size_t ldx, std::size_t tokens, Y* y,
                     std::size_t ldy) noexcept;

using MatmulF32Fn = DenseFn<float, float, float>;
using MatmulF16Fn = DenseFn<f16, float, float>;    // x holds binary16 values (round_to_f16)
using MatmulBf16Fn = DenseFn<bf16, float, float>;  // x holds bfloat16 values (round_to_bf16)
using MatmulF8Fn = DenseFn<f8, float, float>;      // x any float32
using MatmulI8Fn = DenseFn<std::int8_t, std::int8_t, std::int32_t>;  // exact, cols <= 65536

std::span<const Kernel<MatmulF32Fn>> matmul_f32_kernels() noexcept;
std::span<const Kernel<MatmulF16Fn>> matmul_f16_kernels() noexcept;
std::span<const Kernel<MatmulBf16Fn>> matmul_bf16_kernels() noexcept;
std::span<const Kernel<MatmulF8Fn>> matmul_e4m3_kernels() noexcept;
std::span<const Kernel<MatmulF8Fn>> matmul_e5m2_kernels() noexcept;
std::span<const Kernel<MatmulI8Fn>> matmul_i8_kernels() noexcept;

}  // namespace tern::kernels
