// SPDX-License-Identifier: Apache-2.0
//
// RMSNorm, absmax and int8 quantisation of activations as one operation. Nothing but the int8
// values is written: the normalised floats, which would be four times as many bytes, are computed
// twice instead. x and the weights come from the L1 cache the second and third time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/isa.h"

namespace tern::kernels {

struct Quantized {
  float scale;  // s = 127 / max(max |v|, 1e-5)
  bool finite;  // false: some v is infinite or NaN, and q means nothing
};

// v[i] = (x[i] * (1 / sqrt(mean(x^2) + eps))) * weight[i];  q[i] = clamp(round(v[i] * s), -128,
// 127). The sum of squares runs in 16 accumulators folded by halves and nothing is fused, so the
// bits are those of RMSNorm (models/rms_norm.h) followed by quantize_absmax, on every ISA.
//   x, weight, q  [n], n > 0; any alignment
using NormQuantizeFn = Quantized(const float* x, const float* weight, float eps, std::size_t n,
                                 std::int8_t* q) noexcept;

std::span<const Kernel<NormQuantizeFn>> norm_quantize_kernels() noexcept;

// The same without the norm: v = x.
using QuantizeFn = Quantized(const float* x, std::size_t n, std::int8_t* q) noexcept;

std::span<const Kernel<QuantizeFn>> quantize_kernels() noexcept;

}  // namespace tern::kernels
