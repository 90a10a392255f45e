// SPDX-License-Identifier: Apache-2.0
//
// The AVX-512 FP16 kernel over plain C++: only the instructions themselves go unproven.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {

MatmulF16Fn matmul_f16_scalar;

namespace {

constexpr MatmulF16Fn* exact = matmul_f16_scalar;

// vfmaddph takes and gives subnormals. Where the sum is not exact in float64, the product is so
// far below half a unit of `a` that the result is `a` either way; so one rounding is left.
f16 fma_half(f16 w, f16 x, f16 a) {
  const double sum = double{f16_to_f32(w)} * double{f16_to_f32(x)} + double{f16_to_f32(a)};
  if (!std::isfinite(sum) || sum == 0) return f32_to_f16(static_cast<float>(sum));
  const double unit = std::ldexp(1.0, std::max(std::ilogb(sum) - 10, -24));
  const double rounded = std::nearbyint(sum / unit) * unit;
  return f32_to_f16(static_cast<float>(rounded));  // exact, or infinity from 65536 on
}

struct Ops {
  using Half = std::array<f16, 32>;
  using Sums = std::array<float, 16>;

  static Half zero_half() { return {}; }
  static Sums zero_sums() { return {}; }
  static Half load(const f16* p) {
    Half h;
    std::copy_n(p, h.size(), h.begin());
    return h;
  }
  static Half fma(const Half& w, const Half& x, Half a) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = fma_half(w[i], x[i], a[i]);
    return a;
  }
  static Half add_half(Half a, const Half& b) {
    constexpr f16 kOne = 0x3c00;
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = fma_half(b[i], kOne, a[i]);
    return a;
  }
  static Sums add(Sums sums, const Half& half) {
    for (std::size_t i = 0; i < half.size(); ++i) sums[i % 16] += f16_to_f32(half[i]);
    return sums;
  }
  template <std::size_t R>
  static void fold(const Sums* rows, float* y) {
    for (std::size_t r = 0; r < R; ++r) {
      Sums a = rows[r];
      for (std::size_t s = 8; s > 0; s /= 2)
        for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
      y[r] = a[0];
    }
  }
  static void narrow(const float* x, std::size_t n, f16* to) { f32_to_f16(x, n, to); }
  static bool all_finite(const float* y, std::size_t n) {
    return std::all_of(y, y + n, [](float one) { return std::isfinite(one); });
  }
};

#include "kernels/dense/f16_chain.h"

}  // namespace

void matmul_f16_avx512fp16_standin(const DenseView<f16>& w, const float* x, std::size_t ldx,
                                   std::size_t tokens, float* y, std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
