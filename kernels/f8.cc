// SPDX-License-Identifier: Apache-2.0

#include "kernels/f8.h"

#include <bit>

#include "kernels/f16.h"

namespace tern::kernels {

namespace {

inline float widen_e5m2(f8 b) noexcept { return f16_to_f32(static_cast<f16>(b << 8)); }

// As binary16, whose exponents are biased by 8 more, the magnitude is worth 2^-8 times itself.
inline float widen_e4m3(f8 b) noexcept {
  const auto h = static_cast<f16>((b & 0x80u) << 8 | (b & 0x7fu) << 7);
  return f16_to_f32((b & 0x7fu) == 0x7fu ? static_cast<f16>(h | 0x7fffu) : h) * 256.0f;
}

// A format of `kFraction` fraction bits whose least normal number is 2^kLeast.
template <int kFraction, int kLeast, std::uint32_t kLargest, std::uint32_t kNan>
inline f8 narrow(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits >> 24 & 0x80u, magnitude = bits & 0x7fff'ffffu;
  if (magnitude > 0x7f80'0000u) return static_cast<f8>(sign | kNan);
  constexpr int kDropped = 23 - kFraction;
  constexpr std::uint32_t kMinNormal = std::uint32_t{127 + kLeast} << 23;
  std::uint32_t code;
  if (magnitude < kMinNormal) {
    // Floats near this number are one subnormal quantum, 2^(kLeast - kFraction), apart: the
    // addition rounds to it, half to even, and leaves the count of quanta in the last bits.
    constexpr std::uint32_t kBits = std::uint32_t{127 + kLeast + kDropped} << 23;
    const float sum = std::bit_cast<float>(magnitude) + std::bit_cast<float>(kBits);
    code = std::bit_cast<std::uint32_t>(sum) - kBits;
  } else {
    const std::uint32_t odd = magnitude >> kDropped & 1u;
    const std::uint32_t rounded = (magnitude + ((1u << (kDropped - 1)) - 1u) + odd) >> kDropped;
    code = rounded - (std::uint32_t{126 + kLeast} << kFraction);
  }
  return static_cast<f8>(sign | (code < kLargest ? code : kLargest));
}

inline f8 narrow_e4m3(float x) noexcept { return narrow<3, -6, 0x7e, 0x7f>(x); }
inline f8 narrow_e5m2(float x) noexcept { return narrow<2, -14, 0x7b, 0x7f>(x); }

}  // namespace

float e4m3_to_f32(f8 b) noexcept { return widen_e4m3(b); }
float e5m2_to_f32(f8 b) noexcept { return widen_e5m2(b); }
f8 f32_to_e4m3(float x) noexcept { return narrow_e4m3(x); }
f8 f32_to_e5m2(float x) noexcept { return narrow_e5m2(x); }

void e4m3_to_f32(const f8* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = widen_e4m3(x[i]);
}

void e5m2_to_f32(const f8* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = widen_e5m2(x[i]);
}

void f32_to_e4m3(const float* x, std::size_t n, f8* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = narrow_e4m3(x[i]);
}

void f32_to_e5m2(const float* x, std::size_t n, f8* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = narrow_e5m2(x[i]);
}

}  // namespace tern::kernels
