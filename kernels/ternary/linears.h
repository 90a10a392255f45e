// SPDX-License-Identifier: Apache-2.0
//
// Ternary layers from int8 activations to floats: several matrices that share an input in one
// dispatch over the pool, and dequantisation, with the residual where there is one, while the sums
// are in the L1 cache: int32 results never reach memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/ternary/ternary.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

struct TernaryLinear {
  TernaryView w;
  float gamma;      // W = gamma * T
  float* y;         // [tokens, ldy]
  std::size_t ldy;  // >= w.rows
  bool accumulate;  // y += instead of y =
};

// What every kernel of a table shares, and one of them.
struct TernaryProduct {
  TernaryFn* run;
  Geometry geometry;
};

// y[t * ldy + r] = or += acc * (gamma / scales[t]), acc = sum over k of T[r, k] * x[t * ldx + k]:
// the order of operations of dequantize() (quantize.h). The bits depend on no thread count.
//   linears  each with the same w.cols; their y must not overlap each other or an input
//   x        [tokens, ldx] as TernaryFn wants it;  scales  [tokens]
void ternary_linears(ThreadPool& pool, const TernaryProduct& product,
                     std::span<const TernaryLinear> linears, const std::int8_t* x, std::size_t ldx,
                     const float* scales, std::size_t tokens);

}  // namespace tern::kernels
