// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/prefetch.h"
#include "kernels/scratch.h"
#include "kernels/screen/screen_isa.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

#include "kernels/screen/screen_pack.h"

// Four bytes of codes and their fifth bits, at 0 and 1, times 256 q + q2 of eight columns from
// 2 * `at` on.
std::int32_t codes(const std::uint8_t* v, const std::uint8_t* fifth, unsigned shift,
                   const ScreenInput& x, std::size_t at) {
  std::int32_t sum = 0;
  for (std::size_t i = at; i < at + 4; ++i, ++v, ++fifth) {
    const int low = (*v & 15) | ((*fifth >> shift) & 1) << 4;
    const int high = *v >> 4 | ((*fifth >> shift) & 2) << 3;
    sum += low * (256 * x.q.low[i] + x.q2.low[i]) + high * (256 * x.q.high[i] + x.q2.high[i]);
  }
  return sum;
}

float signed_byte(std::uint8_t byte) { return static_cast<float>(static_cast<std::int8_t>(byte)); }

void coarse(const Screen& screen, const ScreenInput& x, std::size_t begin, std::size_t end,
            float* estimates, float* bounds) noexcept {
  const ScreenLayout& layout = screen.layout;
  for (std::size_t row = begin * kScreenRows; row < end * kScreenRows; ++row) {
    const std::uint8_t* panel = screen.coarse + row / kScreenRows * layout.panel_bytes();
    const std::size_t r = row % kScreenRows;
    float total = 0;
    for (std::size_t g = 0; g < layout.groups(); ++g) {
      const std::uint8_t* at = panel + g * kScreenGroupBytes;
      std::int32_t sum = x.excess[g];
      for (unsigned i = 0; i < 4; ++i)
        sum += codes(at + 64 * i + 4 * r, at + kScreenFifthAt + 4 * r, 2 * i, x, 16 * g + 4 * i);
      total += static_cast<float>(sum) * (signed_byte(at[kScreenScalesAt + r]) * x.scales[g]);
    }
    const auto* norms = reinterpret_cast<const float*>(panel + layout.norms_at());
    estimates[row] = total * norms[r];
    bounds[row] = estimates[row] + norms[kScreenRows + r] * x.per_weight +
                  norms[2 * kScreenRows + r] * x.per_error + kUnderflow;
  }
}

float fine_row(const std::uint8_t* row, const ScreenLayout& layout, const ScreenInput& x) {
  float total = 0;
  for (std::size_t g = 0; g < layout.groups(); ++g) {
    std::int32_t sum = x.lane_excess[2 * g] + x.lane_excess[2 * g + 1];
    for (std::size_t s = 0; s < 4; ++s)
      for (std::size_t i = 8 * g; i < 8 * g + 8; ++i)
        sum += 2 * ((row[i] >> (2 * s)) & 3) * (256 * x.q.quarter[s][i] + x.q2.quarter[s][i]);
    total +=
        static_cast<float>(sum) * (signed_byte(row[layout.fine_scales_at() + g]) * x.scales[g]);
  }
  return total;
}

#include "kernels/screen/screen_rows.h"

}  // namespace

const ScreenFns screen_scalar = {pack, coarse, fine};

}  // namespace tern::kernels
