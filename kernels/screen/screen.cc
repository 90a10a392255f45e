// SPDX-License-Identifier: Apache-2.0

#include "kernels/screen/screen.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/screen/screen_isa.h"

namespace tern::kernels {
namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    ScreenKernel{"screen_avx512vnni", Isa::kAvx512Vnni, &screen_avx512vnni},
    ScreenKernel{"screen_avx2", Isa::kAvx2, &screen_avx2},
#endif
    ScreenKernel{"screen_scalar", Isa::kScalar, &screen_scalar},
};

// Relative to |w| |x|: the product in the order of dense.h takes cols / 16 + 4 roundings, an
// estimate 3 per group and one per group and plane, the bound itself a handful.
double rounding(std::size_t cols) {
  const auto n = static_cast<double>(cols);
  return (n / 16 + 4 + 2 * (n / kScreenGroup + 4) + 16) * 0x1p-24 * 1.01;
}

// To nearest even, for |v| < 2^22, without a call.
float rounded(float v) {
  constexpr float kRounder = 12582912.0f;
  return (v + kRounder) - kRounder;
}

float rounded_up(double v) { return std::nextafter(static_cast<float>(v), INFINITY); }

}  // namespace

void ScreenInput::set(const float* x, std::size_t cols) {
  const std::size_t groups = cols / kScreenGroup;
  const std::size_t lanes = (cols / kScreenLane + 15) / 16 * 16;
  for (Parts* part : {&q, &q2}) {
    part->low.assign(cols / 2, 0);
    part->high.assign(cols / 2, 0);
    for (std::vector<std::int8_t>& quarter : part->quarter) quarter.assign(lanes * 4, 0);
  }
  excess.assign(groups, 0);
  scales.resize(groups);
  lane_excess.assign(lanes, 0);
  lane_scales.assign(lanes, 0);
  double squares = 0, errors = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    const float* own = x + g * kScreenGroup;
    float most = 0;
    for (std::size_t i = 0; i < kScreenGroup; ++i) most = std::max(most, std::fabs(own[i]));
    const float scale = most / 127.0f * (1.0f / 256),
                inverse = most > 1e-30f ? 127.0f / most : 0.0f;
    std::int32_t sum[kScreenGroup / kScreenLane] = {};
    for (std::size_t i = 0; i < kScreenGroup; ++i) {
      const float scaled = own[i] * inverse;
      const float code = std::clamp(rounded(scaled), -127.0f, 127.0f);
      const float second = std::clamp(rounded((scaled - code) * 256.0f), -128.0f, 127.0f);
      const auto put = [&](Parts& part, float value) {
        const auto byte = static_cast<std::int8_t>(value);
        const std::size_t column = g * kScreenGroup + i;
        (i % 8 < 4 ? part.low : part.high)[column / 8 * 4 + i % 4] = byte;
        part.quarter[i % kScreenLane / 4][column / kScreenLane * 4 + i % 4] = byte;
      };
      put(q, code);
      put(q2, second);
      const float both = 256.0f * code + second;
      sum[i / kScreenLane] += static_cast<std::int32_t>(both);
      const double exact = static_cast<double>(own[i]);
      const double error = exact - static_cast<double>(scale) * static_cast<double>(both);
      squares += exact * exact;
      errors += error * error;
    }
    excess[g] = -16 * (sum[0] + sum[1]);
    scales[g] = scale;
    for (std::size_t h = 0; h < 2; ++h) {
      lane_excess[2 * g + h] = -3 * sum[h];
      lane_scales[2 * g + h] = scale;
    }
  }
  const double norm = std::sqrt(squares), off = std::sqrt(errors), r = rounding(cols);
  per_weight = rounded_up((off + r * (norm + off)) * (1 + 1e-9));
  per_error = rounded_up((norm + off + r * (norm + off)) * (1 + 1e-9));
}

std::span<const ScreenKernel> screen_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
