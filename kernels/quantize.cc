// SPDX-License-Identifier: Apache-2.0
//
// Plain loops in forms that vectorise on any baseline; a row of activations costs about one
// percent of the product that follows it, so there is no kernel per ISA.

#include "kernels/quantize.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tern::kernels {

namespace {

// 1.5 * 2^23: numbers of that binade are 1 apart, so adding and subtracting it rounds |v| <= 2^22
// to the nearest integer, half to even, as nearbyint does.
constexpr float kRounder = 12582912.0f;

// Finite floats without their sign are ordered as integers are; an integer maximum vectorises
// without leave to reorder float operations.
float max_magnitude(const float* x, std::size_t n) noexcept {
  std::int32_t most = 0;
  for (std::size_t i = 0; i < n; ++i)
    most = std::max(most, std::bit_cast<std::int32_t>(x[i]) & 0x7fff'ffff);
  return std::bit_cast<float>(most);
}

}  // namespace

float absmean(const float* w, std::size_t n) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += std::fabs(static_cast<double>(w[i]));
  return std::max(static_cast<float>(sum / static_cast<double>(n)), kScaleFloor);
}

void ternarize(const float* w, std::size_t n, float gamma, std::int8_t* t) noexcept {
  // Half to even sends +-0.5 to 0, and the clamp hides every other tie.
  for (std::size_t i = 0; i < n; ++i) {
    const float v = w[i] / gamma;
    t[i] = static_cast<std::int8_t>(static_cast<int>(v > 0.5f) - static_cast<int>(v < -0.5f));
  }
}

float quantize_absmax(const float* x, std::size_t n, std::int8_t* q) noexcept {
  const float s = 127.0f / std::max(max_magnitude(x, n), kScaleFloor);
  // |x * s| <= 127 * (1 + 2^-22), so the rounder's domain holds and the clamp comes last.
  for (std::size_t i = 0; i < n; ++i) {
    const float rounded = (x[i] * s + kRounder) - kRounder;
    q[i] = static_cast<std::int8_t>(std::clamp(static_cast<std::int32_t>(rounded), -128, 127));
  }
  return s;
}

void dequantize(const std::int32_t* acc, std::size_t n, float gamma, float s, float* y,
                bool accumulate) noexcept {
  const float scale = gamma / s;
  if (accumulate)
    for (std::size_t i = 0; i < n; ++i) y[i] += static_cast<float>(acc[i]) * scale;
  else
    for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(acc[i]) * scale;
}

}  // namespace tern::kernels
