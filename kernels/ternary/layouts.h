// SPDX-License-Identifier: Apache-2.0
//
// The compute layouts, one table row each, and how weights of a file come into one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kernels/format.h"
#include "kernels/formats/formats.h"
#include "kernels/ternary/ternary.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

struct ComputeLayout {
  std::string_view name;  // of its rows in the tables of formats and kernels
  Geometry geometry;
  std::span<const Kernel<TernaryFn>> (*kernels)() noexcept;
};

std::span<const ComputeLayout> compute_layouts() noexcept;
// Throws std::runtime_error that lists the names.
const ComputeLayout& compute_layout(std::string_view name);
// The one whose kernels for that ISA need the least time by one token from memory: five trits to a
// byte where AVX-512 VBMI decodes them as fast as memory gives them (1.15 to 1.3 times 2-bit on Zen
// 5 and Emerald Rapids; by other instructions 0.4 to 1.0 times, and slower by many tokens).
const ComputeLayout& fastest_layout(Isa isa);

// Weights of any format as to.geometry.bytes(rows, cols) bytes of a compute layout, rows split over
// the pool. Returns the scale (0 where the format holds none). Throws std::runtime_error as
// unpack_rows() does, naming the first problem of the first rows that have one, whatever the number
// of threads.
float repack(ThreadPool& pool, const TernaryFormat& from, std::span<const std::uint8_t> bytes,
             std::size_t rows, std::size_t cols, const std::string& tensor, const ComputeLayout& to,
             std::uint8_t* out);

// The same for t2 (format.h), which is I2_S without its scale.
void repack(ThreadPool& pool, const T2View& from, std::size_t cols, const std::string& tensor,
            const ComputeLayout& to, std::uint8_t* out);

}  // namespace tern::kernels
