// SPDX-License-Identifier: Apache-2.0
//
// Every path is computed and one is selected, so that the loops vectorise on any baseline.
// Float subnormals never appear as operands: the results do not depend on FTZ or DAZ.

#include "kernels/f16.h"

#include <array>
#include <bit>

#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {

namespace {

constexpr std::uint32_t kF32Infinity = 0x7f80'0000;
constexpr std::uint32_t kF32MinNormalF16 = 0x3880'0000;  // 2^-14, the least normal binary16
constexpr std::uint32_t kF32BeyondF16 = 0x4780'0000;     // 65536, the first binade past binary16
constexpr float kSubnormalQuantum = 0x1p-24f;

inline float widen(f16 h) noexcept {
  const std::uint32_t sign = std::uint32_t{h & 0x8000u} << 16;
  const std::uint32_t magnitude = h & 0x7fffu;
  const std::uint32_t normal = (magnitude << 13) + ((127u - 15u) << 23);
  const std::uint32_t quiet = magnitude > 0x7c00 ? 0x0040'0000u : 0u;  // as instructions do
  const std::uint32_t special = (magnitude << 13) | kF32Infinity | quiet;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(
      static_cast<float>(static_cast<std::int32_t>(magnitude)) * kSubnormalQuantum);
  const std::uint32_t finite = magnitude < 0x0400 ? subnormal : normal;
  return std::bit_cast<float>(sign | (magnitude < 0x7c00 ? finite : special));
}

// The bits of |x| rounded to binary16, still as float. NaN stays NaN.
inline std::uint32_t rounded_magnitude(std::uint32_t magnitude) noexcept {
  // 13 of the 23 fraction bits go. Adding half of the kept unit less one, and one more when the
  // kept part is odd, carries exactly when round-half-even does.
  const std::uint32_t kept = (magnitude + 0x0fffu + ((magnitude >> 13) & 1u)) & ~0x1fffu;
  const std::uint32_t normal = kept < kF32BeyondF16 ? kept : kF32Infinity;
  // The unit in the last place of numbers in [0.5, 1) is 2^-24, the binary16 subnormal quantum,
  // so the sum is rounded there, half to even, by the addition itself.
  const std::uint32_t small = magnitude < kF32MinNormalF16 ? magnitude : 0u;
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>((std::bit_cast<float>(small) + 0.5f) - 0.5f);
  const std::uint32_t finite = magnitude < kF32MinNormalF16 ? subnormal : normal;
  return magnitude <= kF32Infinity ? finite : (magnitude & ~0x1fffu) | 0x0040'0000u;
}

inline float round_one(float x) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits & 0x8000'0000u) | rounded_magnitude(bits & 0x7fff'ffffu));
}

inline f16 narrow(float x) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = rounded_magnitude(bits & 0x7fff'ffffu);
  const std::uint32_t normal = (rounded - ((127u - 15u) << 23)) >> 13;
  const std::uint32_t special = 0x7c00u | ((rounded >> 13) & 0x03ffu);
  // A subnormal result plus 0.5 is exact, and its last ten fraction bits count the quanta.
  const std::uint32_t small = rounded < kF32MinNormalF16 ? rounded : 0u;
  const std::uint32_t subnormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(small) + 0.5f) & 0x03ffu;
  const std::uint32_t finite = rounded < kF32MinNormalF16 ? subnormal : normal;
  return static_cast<f16>(((bits >> 16) & 0x8000u) | (rounded < kF32Infinity ? finite : special));
}

void widen_f16_scalar(const f16* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = widen(x[i]);
}

#if defined(__x86_64__)
TERN_TARGET_AVX2 void widen_f16_avx2(const f16* x, std::size_t n, float* y) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(y + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
  widen_f16_scalar(x + i, n - i, y + i);
}

TERN_TARGET_AVX512BW void widen_f16_avx512bw(const f16* x, std::size_t n, float* y) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(y + i,
                     _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
  widen_f16_scalar(x + i, n - i, y + i);
}
#endif

constexpr std::array kWiden = {
#if defined(__x86_64__)
    Kernel<WidenF16Fn>{"widen_f16_avx512bw", Isa::kAvx512Bw, widen_f16_avx512bw},
    Kernel<WidenF16Fn>{"widen_f16_avx2", Isa::kAvx2, widen_f16_avx2},
#endif
    Kernel<WidenF16Fn>{"widen_f16_scalar", Isa::kScalar, widen_f16_scalar},
};

}  // namespace

std::span<const Kernel<WidenF16Fn>> widen_f16_kernels() noexcept { return kWiden; }

float f16_to_f32(f16 h) noexcept { return widen(h); }
f16 f32_to_f16(float x) noexcept { return narrow(x); }

void round_to_f16(const float* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = round_one(x[i]);
}

void f16_to_f32(const f16* x, std::size_t n, float* y) noexcept {
  static WidenF16Fn& run = *kernel_for(widen_f16_kernels(), selected_isa()).run;
  run(x, n, y);
}

void f32_to_f16(const float* x, std::size_t n, f16* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = narrow(x[i]);
}

}  // namespace tern::kernels
