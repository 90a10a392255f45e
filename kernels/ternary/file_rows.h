// SPDX-License-Identifier: Apache-2.0
//
// One token by weights as files hold them, row by row, read at the speed of memory: what a model's
// first tokens run on, before its weights are repacked into a compute layout. One table row for
// each format of formats.h that has such kernels.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/isa.h"

namespace tern::kernels {

// Borrowed rows of bytes.
struct FileRows {
  const std::uint8_t* data;  // [rows, row_bytes(cols)]
  std::size_t rows, cols;    // cols <= kMaxCols (format.h), those that the format can hold
};

// y[i * ldy + r] = sum over c of W[r + i * (rows of the matrix) / runs, c] * x[c], exactly, for
// i < runs. False, where y means nothing: a byte holds an illegal code of two bits (3). Not told,
// for they are checked when a file is opened: bytes of TQ1_0 that nobody writes, all of which
// decode to weights, and the scales of blocks, which are left out of the sums.
//   x  [cols, rounded up to 128], 0 beyond the columns; y [runs, ldy]
using FileRowsFn = bool(const FileRows& w, const std::int8_t* x, std::int32_t* y,
                        std::size_t ldy) noexcept;

inline constexpr std::size_t kMostRuns = 4;

struct FileLayout {
  std::string_view format;  // of formats.h
  std::size_t runs;         // rows of the matrix that a row of bytes holds, kMostRuns at most
  std::size_t (*row_bytes)(std::size_t cols) noexcept;
  std::span<const Kernel<FileRowsFn>> (*kernels)() noexcept;
};

std::span<const FileLayout> file_layouts() noexcept;
// nullptr where there are no such kernels.
const FileLayout* file_layout(std::string_view format) noexcept;

// Fastest first.
std::span<const Kernel<FileRowsFn>> t2_rows_kernels() noexcept;
std::span<const Kernel<FileRowsFn>> tq2_rows_kernels() noexcept;
std::span<const Kernel<FileRowsFn>> tq1_rows_kernels() noexcept;
std::span<const Kernel<FileRowsFn>> hf_rows_kernels() noexcept;

}  // namespace tern::kernels
