// SPDX-License-Identifier: Apache-2.0
//
// Matrix-vector products y = W x of FP16 and INT8 weights. Each family is one
// function type and one table of kernels, fastest first, one row per ISA.
// Kernels check nothing and no pointer needs alignment. y must not overlap the inputs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/f16.h"
#include "kernels/format.h"
#include "kernels/isa.h"

namespace tern::kernels {

// Borrowed weights; rows are contiguous.
struct F16View {
  const f16* data;  // [rows, cols]
  std::size_t rows;
  std::size_t cols;

  F16View slice(std::size_t begin, std::size_t end) const {
    return {data + begin * cols, end - begin, cols};
  }
};

struct I8View {
  const std::int8_t* data;  // [rows, cols]
  std::size_t rows;
  std::size_t cols;  // <= kMaxCols

  I8View slice(std::size_t begin, std::size_t end) const {
    return {data + begin * cols, end - begin, cols};
  }
};

// The FP16 baseline: binary16 weights and activations, products exact, float32 accumulation.
// Numerics (equal on every ISA, in the cycle model and in the RTL): 16 accumulators start at +0;
// accumulator l adds w[k] * x[k] for k = l, l + 16, ... in order, each sum rounded to nearest
// even (a product of two binary16 is exact in float32, so fused and unfused agree); then
// a[i] += a[i + s] for s = 8, 4, 2, 1 and i < s, and y = a[0].
//   x  [cols], float32 that holds binary16 values (round_to_f16).
inline constexpr std::size_t kF16Accumulators = 16;
using GemvF16Fn = void(const F16View& w, const float* x, float* y) noexcept;

// y[r] = sum over k of W[r, k] * x[k], exactly, for every pair in [-128, 127].  x [cols].
using GemvI8Fn = void(const I8View& w, const std::int8_t* x, std::int32_t* y) noexcept;

std::span<const Kernel<GemvF16Fn>> gemv_f16_kernels() noexcept;
std::span<const Kernel<GemvI8Fn>> gemv_i8_kernels() noexcept;

}  // namespace tern::kernels
