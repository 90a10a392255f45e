// SPDX-License-Identifier: Apache-2.0
//
// One token by weights as Hugging Face checkpoints pack them (kernels/formats/hf_u8.cc): the twin
// of t2_rows.h.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/isa.h"

namespace tern::kernels {

// Bytes of `rows` rows: byte [r, c] holds the codes of four matrix rows.
struct HfRows {
  const std::uint8_t* data;  // [rows, cols]
  std::size_t rows, cols;    // cols <= kMaxCols
};

// y[i * ldy + r] = sum over c of W[r + i * (rows of the matrix) / 4, c] * x[c], exactly, for i < 4.
// False, where y means nothing: a byte holds an illegal code (3).
//   x  [cols and up to 63 more], 0 beyond the columns; y [4, ldy]
using HfRowsFn = bool(const HfRows& w, const std::int8_t* x, std::int32_t* y,
                      std::size_t ldy) noexcept;

// Fastest first.
std::span<const Kernel<HfRowsFn>> hf_rows_kernels() noexcept;

}  // namespace tern::kernels
