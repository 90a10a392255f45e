// SPDX-License-Identifier: Apache-2.0
//
// The 8-bit floats of the OCP "8-bit Floating Point Specification" (revision 1.0) as bits. Scalar,
// exact, on any CPU.
//   E4M3  bias 7, to 448; no infinity; NaN is S.1111.111
//   E5M2  bias 15, to 57344; the upper byte of binary16, with its infinities and NaNs

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

using f8 = std::uint8_t;  // E4M3 or E5M2, by the function or table it meets

float e4m3_to_f32(f8 b) noexcept;
float e5m2_to_f32(f8 b) noexcept;

// Round to nearest even, subnormals too. Saturating: what rounds beyond the largest finite value,
// infinity included, becomes that value with its sign. NaN becomes S.1111.111, S.11111.11.
f8 f32_to_e4m3(float x) noexcept;
f8 f32_to_e5m2(float x) noexcept;

void e4m3_to_f32(const f8* x, std::size_t n, float* y) noexcept;
void e5m2_to_f32(const f8* x, std::size_t n, float* y) noexcept;
void f32_to_e4m3(const float* x, std::size_t n, f8* y) noexcept;
void f32_to_e5m2(const float* x, std::size_t n, f8* y) noexcept;

}  // namespace tern::kernels
