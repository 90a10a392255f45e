// SPDX-License-Identifier: Apache-2.0
//
// The two quantisers of the numerics contract: ternary absmean for weights (per tensor), int8
// absmax for activations (per token). Both round halves to even, in float32.
// Source: BitNet b1.58 2B4T (arXiv 2504.12285) section 2; the 1e-5 floors are those of the
// reference implementation (transformers, integrations/bitnet.py).

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

inline constexpr float kScaleFloor = 1e-5f;

// gamma = max(mean |w|, 1e-5). The mean is summed in float64, in index order. n > 0.
float absmean(const float* w, std::size_t n) noexcept;

// t[i] = clamp(round(w[i] / gamma), -1, +1).
void ternarize(const float* w, std::size_t n, float gamma, std::int8_t* t) noexcept;

// s = 127 / max(max |x|, 1e-5); q[i] = clamp(round(x[i] * s), -128, 127). Returns s.
// x must be finite. n > 0.
float quantize_absmax(const float* x, std::size_t n, std::int8_t* q) noexcept;

// y[i] = or += acc[i] * (gamma / s): the one order of operations that every level shares.
void dequantize(const std::int32_t* acc, std::size_t n, float gamma, float s, float* y,
                bool accumulate = false) noexcept;

}  // namespace tern::kernels
