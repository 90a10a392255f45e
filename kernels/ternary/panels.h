// SPDX-License-Identifier: Apache-2.0
//
// t2p and t5p, the layouts that every multiply-add kernel reads: panels of 16 rows, so that one
// 64-byte load holds 16 rows and one broadcast of four activations serves all of them. A quad,
// four consecutive columns of 16 rows as 16 dwords, is at once an operand of vpdpbusd (zmm, or two
// ymm), of sdot by element (four registers) and a row of an AMX B tile.
//
//   t2p  a block is 16 columns. Byte b of dword r holds in its bits [2p+1:2p] the code, weight + 1,
//        of row r and column 4p + b. 2 bits per weight.
//   t5p  a block is 20 columns. Byte b of dword r holds the codes of row r and columns 4n + b,
//        n = 0..4 (t5p_code.h). 1.6 bits per weight.

#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/formats/formats.h"
#include "kernels/ternary/ternary.h"

namespace tern::kernels {

inline constexpr std::size_t kPanelRows = 16;
inline constexpr std::size_t kQuadCols = 4;
inline constexpr std::size_t kQuadBytes = kPanelRows * kQuadCols;
inline constexpr Geometry kT2p = {kPanelRows, 16, 64};
inline constexpr Geometry kT5p = {kPanelRows, 20, 64};

// Fewer tokens are done sooner by vpdpbusd than by tiles. Emerald Rapids, 2560x2560, us: 4 tokens
// 70 (t2p) and 76 (t5p) by vpdpbusd, 5 tokens 89 so and 74 by tiles.
inline constexpr std::size_t kAmxOwnFrom = 5;
// One token is a row of sdot.
inline constexpr std::size_t kI8mmOwnFrom = 2;

// The functions of their rows in the format table. As panels do not depend on each other, a run of
// rows that begins at a multiple of 16 is packed as a matrix of its own.
std::size_t t2p_bytes(std::size_t rows, std::size_t cols) noexcept;
std::size_t t5p_bytes(std::size_t rows, std::size_t cols) noexcept;
void pack_t2p(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
              std::uint8_t* out) noexcept;
void pack_t5p(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
              std::uint8_t* out) noexcept;
FormatProblem unpack_t2p(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                         std::size_t begin, std::size_t end, std::int8_t* trits,
                         float* scale) noexcept;
FormatProblem unpack_t5p(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                         std::size_t begin, std::size_t end, std::int8_t* trits,
                         float* scale) noexcept;

}  // namespace tern::kernels
