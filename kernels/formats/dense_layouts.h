// SPDX-License-Identifier: Apache-2.0
//
// The functions behind the rows of dense_formats.cc whose blocks hold scales, one namespace per
// layout, with the contract of DenseFormat. Their geometry is that of llama.cpp (ggml-common.h,
// ggml-quants.c); what a block decodes to is the float32 value of the same formula there.

#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/f16.h"

namespace tern::kernels {

#define TERN_DECLARE_LAYOUT(layout)                                        \
  namespace layout {                                                       \
  void unpack(const std::uint8_t* in, std::size_t n, float* out) noexcept; \
  void pack(const float* in, std::size_t n, std::uint8_t* out) noexcept;   \
  bool sound(const std::uint8_t* in, std::size_t n) noexcept;              \
  }
TERN_DECLARE_LAYOUT(q4_0)
TERN_DECLARE_LAYOUT(q8_0)
TERN_DECLARE_LAYOUT(q4_k)
TERN_DECLARE_LAYOUT(q6_k)
#undef TERN_DECLARE_LAYOUT

namespace q8_0 {
inline constexpr std::size_t kBlock = 32, kBlockBytes = 34;
}
namespace q4_k {
inline constexpr std::size_t kBlock = 256, kBlockBytes = 144;
}
namespace q6_k {
inline constexpr std::size_t kBlock = 256, kBlockBytes = 210;
}

inline float read_f16(const std::uint8_t* at) noexcept {
  f16 bits;
  std::memcpy(&bits, at, sizeof bits);
  return f16_to_f32(bits);
}

// Returns what was written, which is infinite where x is beyond binary16.
inline float write_f16(float x, std::uint8_t* at) noexcept {
  const f16 bits = f32_to_f16(x);
  std::memcpy(at, &bits, sizeof bits);
  return f16_to_f32(bits);
}

inline bool finite_f16(const std::uint8_t* at) noexcept { return (at[1] & 0x7C) != 0x7C; }

// Nearest integer, halves to even, for |x| <= 2^22: without a call, so that loops vectorise.
inline float nearest(float x) noexcept {
  constexpr float kShift = 0x1.8p23f;
  return (x + kShift) - kShift;
}

// The sum of term(i) over i < n, a multiple of 8, in an order that vectorises.
template <std::size_t n, typename Term>
float sum_by_eights(Term&& term) noexcept {
  float sums[8] = {};
  for (std::size_t i = 0; i < n; i += 8)
    for (std::size_t j = 0; j < 8; ++j) sums[j] += term(i + j);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace tern::kernels
