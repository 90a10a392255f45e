// SPDX-License-Identifier: Apache-2.0

#include "sim/fp16_dot.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/check.h"

namespace tern::sim {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

// Products of binary16 are multiples of 2^-48 below 2^32: while their magnitudes add up to less
// than 2^5, every sum of them is a multiple of 2^-48 of less than 53 bits, so doubles add exactly,
// in any order.
constexpr double kExactInDouble = 32;

// The sum of n < 2^14 products in units of 2^-48, exact: |product| <= 2^80 of them.
float wide_step(const float* w, const float* x, std::size_t n) {
  Int128 sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    int exponent;
    const double fraction = std::frexp(static_cast<double>(w[i]) * x[i], &exponent);
    // 22 bits of product times 2^(exponent - 22), which is 2^-48 or more after reduction.
    const auto bits = static_cast<std::int64_t>(std::ldexp(fraction, 22));
    const int shift = exponent - 22 + 48;
    sum += shift >= 0 ? static_cast<Int128>(bits) << shift : static_cast<Int128>(bits >> -shift);
  }
  // To nearest even at 24 bits.
  const bool negative = sum < 0;
  auto magnitude = static_cast<Uint128>(negative ? -sum : sum);
  int drop = 0;
  for (auto left = magnitude; left >> 24 != 0; left >>= 1) ++drop;
  if (drop > 0) {
    const Uint128 half = static_cast<Uint128>(1) << (drop - 1);
    const Uint128 rest = magnitude & (2 * half - 1);
    magnitude >>= drop;
    if (rest > half || (rest == half && (magnitude & 1) != 0)) ++magnitude;
  }
  const float rounded = std::ldexp(static_cast<float>(magnitude), drop - 48);
  return negative ? -rounded : rounded;
}

float step(const float* w, const float* x, std::size_t n) {
  double sum = 0, size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double product = static_cast<double>(w[i]) * x[i];
    sum += product;
    size += std::fabs(product);
  }
  if (size < kExactInDouble) return static_cast<float>(sum) + 0.0f;  // a sum of zero is +0
  if (!std::isfinite(size)) return static_cast<float>(sum);
  return wide_step(w, x, n) + 0.0f;
}

}  // namespace

float fp16_dot(const float* w, const float* x, std::size_t cols, std::size_t lanes) {
  TERN_CHECK(cols % lanes == 0, "columns are whole steps");
  float sum = 0;
  for (std::size_t at = 0; at < cols; at += lanes) sum += step(w + at, x + at, lanes);
  return std::isnan(sum) ? std::bit_cast<float>(0x7fc00000u) : sum;
}

}  // namespace tern::sim
