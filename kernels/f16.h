// SPDX-License-Identifier: Apache-2.0
//
// IEEE 754 binary16 as bits. Exact, on any CPU.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/isa.h"

namespace tern::kernels {

using f16 = std::uint16_t;

float f16_to_f32(f16 h) noexcept;
f16 f32_to_f16(float x) noexcept;  // round to nearest even; beyond 65504 + half an ulp: infinity

// y[i] = x[i] rounded to the nearest binary16 value, kept as float. May run in place.
void round_to_f16(const float* x, std::size_t n, float* y) noexcept;
void f16_to_f32(const f16* x, std::size_t n, float* y) noexcept;
void f32_to_f16(const float* x, std::size_t n, f16* y) noexcept;

// What f16_to_f32() of arrays takes one of. All give the same bits.
using WidenF16Fn = void(const f16* x, std::size_t n, float* y) noexcept;
std::span<const Kernel<WidenF16Fn>> widen_f16_kernels() noexcept;

}  // namespace tern::kernels
