// SPDX-License-Identifier: Apache-2.0
//
// IEEE 754 binary16 as bits. Scalar, exact, on any CPU.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

using f16 = std::uint16_t;

float f16_to_f32(f16 h) noexcept;
f16 f32_to_f16(float x) noexcept;  // round to nearest even; beyond 65504 + half an ulp: infinity

// y[i] = x[i] rounded to the nearest binary16 value, kept as float. May run in place.
void round_to_f16(const float* x, std::size_t n, float* y) noexcept;
void f16_to_f32(const f16* x, std::size_t n, float* y) noexcept;
void f32_to_f16(const float* x, std::size_t n, f16* y) noexcept;

}  // namespace tern::kernels
