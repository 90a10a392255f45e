// SPDX-License-Identifier: Apache-2.0
//
// Float32 loops over vectors that are no matrix products: attention, norms, activations. One body
// compiled per ISA; sums run in 16 accumulators that are folded by halves (as in
// kernels/dense/dense.h) and nothing is fused, so every ISA gives the same bits. No pointer needs
// alignment.

#pragma once

#include <cstddef>

#include "kernels/isa.h"

namespace tern::models {

struct VectorOps {
  kernels::Isa isa;

  // sum of a[i] * b[i].
  float (*dot)(const float* a, const float* b, std::size_t n) noexcept;
  // y[i] += a * x[i].
  void (*axpy)(float a, const float* x, std::size_t n, float* y) noexcept;
  // y[i] = (x[i] * s) * w[i].
  void (*scale)(const float* x, float s, const float* w, std::size_t n, float* y) noexcept;
  // *most = max x, x[i] = exp(x[i] - *most), and returns their sum. n > 0.
  float (*exp_sum)(float* x, std::size_t n, float* most) noexcept;
  // y[i] = silu(g[i]) * u[i], silu(v) = v / (1 + exp(-v)). y may be g.
  void (*silu_times)(const float* g, const float* u, std::size_t n, float* y) noexcept;
  // y[i] = max(g[i], 0)^2 * u[i]. y may be g.
  void (*relu2_times)(const float* g, const float* u, std::size_t n, float* y) noexcept;
  // Whether no x[i] is infinite or NaN.
  bool (*all_finite)(const float* x, std::size_t n) noexcept;
};

const VectorOps& vector_ops(kernels::Isa isa) noexcept;

}  // namespace tern::models
