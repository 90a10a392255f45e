// SPDX-License-Identifier: Apache-2.0
//
// The functions behind the rows of formats.cc, one namespace per layout.

#pragma once

#include <cmath>
#include <cstring>

#include "kernels/formats/formats.h"

namespace tern::kernels {

// The three every layout has, with the contract of TernaryFormat.
#define TERN_DECLARE_LAYOUT(layout)                                                    \
  namespace layout {                                                                   \
  std::size_t bytes(std::size_t rows, std::size_t cols) noexcept;                      \
  void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale, \
            std::uint8_t* out) noexcept;                                               \
  FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols,     \
                       std::size_t begin, std::size_t end, std::int8_t* trits,         \
                       float* scale) noexcept;                                         \
  }
TERN_DECLARE_LAYOUT(i2_s)
TERN_DECLARE_LAYOUT(i2_s_arm)
TERN_DECLARE_LAYOUT(tq1_0)
TERN_DECLARE_LAYOUT(tq2_0)
TERN_DECLARE_LAYOUT(tl1)
TERN_DECLARE_LAYOUT(tl2)
TERN_DECLARE_LAYOUT(hf_u8)
#undef TERN_DECLARE_LAYOUT

#define TERN_DECLARE_SOUND(format)                                                               \
  namespace format {                                                                             \
  bool sound(const std::uint8_t* in, std::size_t rows, std::size_t cols, float* scale) noexcept; \
  }
TERN_DECLARE_SOUND(i2_s)  // of both layouts: the codes and the scale lie in the same bits
TERN_DECLARE_SOUND(tq1_0)
TERN_DECLARE_SOUND(tq2_0)
TERN_DECLARE_SOUND(hf_u8)
#undef TERN_DECLARE_SOUND

// A tensor's one scale behind its weights: a float32, then zeros to 32 bytes. Other writers leave
// those unspecified or repeat the scale (formats.md 6.2), so nobody reads them.
inline constexpr std::size_t kScaleTail = 32;

inline void write_scale(float scale, std::uint8_t* at) noexcept {
  std::memset(at, 0, kScaleTail);
  std::memcpy(at, &scale, sizeof scale);
}

inline FormatProblem read_scale(const std::uint8_t* at, float* scale) noexcept {
  float found;
  std::memcpy(&found, at, sizeof found);
  if (!std::isfinite(found) || found <= 0)
    return {FormatProblem::Kind::kBadScale, 0, static_cast<double>(found)};
  *scale = found;
  return {};
}

inline bool is_trit(std::int8_t t) noexcept { return static_cast<std::uint8_t>(t + 1) <= 2; }

}  // namespace tern::kernels
