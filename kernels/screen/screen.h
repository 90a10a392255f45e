// SPDX-License-Identifier: Apache-2.0
//
// A low-bit copy of a dense matrix that says which results of a product cannot be among the
// largest, so that only the others are computed from the matrix itself. For each row it gives an
// estimate of w . x and a bound which w . x does not exceed, whatever the weights:
//
//   weights   w = v + e with v = d * code, |code| <= 16, one d per group of 32 columns; the second
//             plane refines it: w = v2 + e2, v2 = d * (code + (2 code2 - 3) / 8), code2 in 0 to 3
//   input     x = u + f with u = s * (q + q2 / 256), |q| <= 127, |q2| <= 128, one s per group
//   bound     w.x - v.u = e.x + v.f <= |e| |x| + (|w| + |e|) |f|    (Cauchy and Schwarz)
//             + rounding(cols) (|w| + |e|) |x|, for both products are sums in float32
//             + 1e-30, for what underflows
//
// |w|, |e| and |e2| are stored per row, rounded up; with the second plane e2 takes the place of e.
// Ideas: per-row residual norms bound what a quantised matrix can miss, as in exact search for the
// largest inner product over compressed vectors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/isa.h"

namespace tern::kernels {

inline constexpr std::size_t kScreenGroup = 32, kScreenRows = 16;  // columns; rows of a panel
inline constexpr std::size_t kScreenLane = 16;                     // columns
// Where a group's fifth bits and its c lie, after the nibbles.
inline constexpr std::size_t kScreenFifthAt = kScreenRows * kScreenGroup / 2;
inline constexpr std::size_t kScreenScalesAt = kScreenFifthAt + kScreenRows * kScreenGroup / 8;
inline constexpr std::size_t kScreenGroupBytes = kScreenScalesAt + kScreenRows;

// A panel of 16 rows: per group 4 x 64 bytes, whose byte 4 r + j of quarter i has the low four bits
// of codes + 16 of row r, columns 8 i + j (low nibble) and 8 i + 4 + j of the group; 64 bytes, bit
// b of whose byte 4 r + j is the fifth bit of column 4 b + j; and 16 signed bytes c, one per row:
// d = c * unit. At the end 16 float32 each of unit, |w|, |e|.
// A fine row: per lane of 16 columns 4 bytes, byte j of which has the codes2 of columns 4 s + j at
// bits 2 s + 1 and 2 s; the groups' bytes c; at a multiple of 4, unit, |w| and |e2|.
struct ScreenLayout {
  std::size_t rows, cols;  // cols: a multiple of kScreenGroup, <= 65536

  std::size_t groups() const { return cols / kScreenGroup; }
  std::size_t panels() const { return (rows + kScreenRows - 1) / kScreenRows; }
  std::size_t norms_at() const { return groups() * kScreenGroupBytes; }
  std::size_t panel_bytes() const { return norms_at() + 3 * kScreenRows * sizeof(float); }
  std::size_t fine_scales_at() const { return groups() * kScreenGroup / 4; }
  std::size_t fine_norms_at() const { return (fine_scales_at() + groups() + 3) / 4 * 4; }
  std::size_t fine_row_bytes() const { return (fine_norms_at() + 12 + 63) / 64 * 64; }
  std::size_t coarse_bytes() const { return panels() * panel_bytes(); }
  std::size_t fine_bytes() const { return rows * fine_row_bytes(); }
};

struct Screen {
  ScreenLayout layout;
  const std::uint8_t* coarse;  // [panels, panel_bytes]
  const std::uint8_t* fine;    // [rows, fine_row_bytes]
};

// x as the screen takes it.
struct ScreenInput {
  struct Parts {
    // Of columns 8 i + j (low) and 8 i + 4 + j (high), j < 4: what a panel's nibbles meet.
    std::vector<std::int8_t> low, high;  // [cols / 2]
    // Of columns 4 s + j of each lane: what a fine row's codes meet.
    std::vector<std::int8_t> quarter[4];  // [lanes * 4]
  } q, q2;
  std::vector<std::int32_t> excess;  // [groups]: -16 * sum of 256 q + q2
  std::vector<float> scales;         // [groups]: s / 256
  // For fine rows, whole 16 lanes, zeros past the last: -3 * sum of 256 q + q2, and s / 256.
  std::vector<std::int32_t> lane_excess;  // [lanes]
  std::vector<float> lane_scales;         // [lanes]
  // Factors of the bound: bound = estimate + |e| * per_error + |w| * per_weight.
  float per_error, per_weight;

  // x [cols], finite.
  void set(const float* x, std::size_t cols);
};

struct ScreenFns {
  // Panel `p` of the coarse copy and its fine rows from w [rows of the panel, cols], finite; rows
  // past the matrix become zeros.
  void (*pack)(const ScreenLayout& layout, const float* w, std::size_t rows, std::uint8_t* coarse,
               std::uint8_t* fine) noexcept;
  // Panels [begin, end): estimates and bounds of their rows, [rows of whole panels].
  void (*coarse)(const Screen& screen, const ScreenInput& x, std::size_t begin, std::size_t end,
                 float* estimates, float* bounds) noexcept;
  // The same from both planes for single rows, whose coarse estimates are given; in place.
  void (*fine)(const Screen& screen, const ScreenInput& x, std::span<const std::uint32_t> rows,
               float* estimates, float* bounds) noexcept;
};

using ScreenKernel = Kernel<const ScreenFns>;

// Fastest first. All give the same codes, and estimates that differ by float32 roundings.
std::span<const ScreenKernel> screen_kernels() noexcept;

}  // namespace tern::kernels
