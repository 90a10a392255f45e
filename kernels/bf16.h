// SPDX-License-Identifier: Apache-2.0
//
// bfloat16, the upper half of a float32, as bits. Scalar, exact, on any CPU.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

using bf16 = std::uint16_t;

float bf16_to_f32(bf16 b) noexcept;
bf16 f32_to_bf16(float x) noexcept;  // round to nearest even, subnormals too; NaN becomes quiet

// y[i] = x[i] rounded to the nearest bfloat16 value, kept as float. May run in place.
void round_to_bf16(const float* x, std::size_t n, float* y) noexcept;
void bf16_to_f32(const bf16* x, std::size_t n, float* y) noexcept;
void f32_to_bf16(const float* x, std::size_t n, bf16* y) noexcept;

}  // namespace tern::kernels
