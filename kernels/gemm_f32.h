// SPDX-License-Identifier: Apache-2.0
//
// Float32 matrix products for training: C += A B with either operand transposed. C is row-major.
// Single thread; callers split the work.

#pragma once

#include <cstddef>
#include <span>

#include "kernels/isa.h"

namespace tern::kernels {

// A strided operand: element (i, j) lies at data[i * row_stride + j * col_stride].
struct StridedView {
  const float* data;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t col_stride;
};

// c[i * ldc + j] += sum over p < k of a(i, p) * b(p, j) for i < m, j < n.
// The order of the sum depends on the ISA, not on the data: float64 differs by at most
// k * 2^-23 * sum |a b|.
using GemmF32Fn = void(std::size_t m, std::size_t n, std::size_t k, const StridedView& a,
                       const StridedView& b, float* c, std::size_t ldc);

std::span<const Kernel<GemmF32Fn>> gemm_f32_kernels() noexcept;

}  // namespace tern::kernels
