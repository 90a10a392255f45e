// SPDX-License-Identifier: Apache-2.0

#include "kernels/bf16.h"

#include <bit>

namespace tern::kernels {

namespace {

inline float widen(bf16 b) noexcept { return std::bit_cast<float>(std::uint32_t{b} << 16); }

inline bf16 narrow(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  // Half of the kept unit less one, and one more when the kept part is odd: carries exactly when
  // round-half-even does, into the exponent and to infinity as well.
  const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x0040u;
  return static_cast<bf16>((bits & 0x7fff'ffffu) <= 0x7f80'0000u ? rounded : quiet);
}

}  // namespace

float bf16_to_f32(bf16 b) noexcept { return widen(b); }
bf16 f32_to_bf16(float x) noexcept { return narrow(x); }

void round_to_bf16(const float* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = widen(narrow(x[i]));
}

void bf16_to_f32(const bf16* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = widen(x[i]);
}

void f32_to_bf16(const float* x, std::size_t n, bf16* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = narrow(x[i]);
}

}  // namespace tern::kernels
