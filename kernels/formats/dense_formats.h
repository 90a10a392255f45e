// SPDX-License-Identifier: Apache-2.0
//
// How dense weights lie in checkpoints: one table row each. Rows of a matrix are whole blocks, one
// after the other. What a block decodes to in float32 is the weight: every computation of it is
// held against these floats.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tern::kernels {

struct DenseFormat {
  std::string_view name;  // "f16"
  std::size_t block;      // elements; a row is a whole number of blocks
  std::size_t block_bytes;

  // n elements, a multiple of block, at any alignment.
  void (*unpack)(const std::uint8_t* in, std::size_t n, float* out) noexcept;
  // The inverse, rounded as the format's own packer does; the values are finite. What it cannot
  // hold (beyond 65504 in f16) becomes infinite, which sound() finds.
  void (*pack)(const float* in, std::size_t n, std::uint8_t* out) noexcept;
  // Whether every element decodes to a finite value, at the speed of reading.
  bool (*sound)(const std::uint8_t* in, std::size_t n) noexcept;

  std::size_t bytes(std::size_t elements) const { return elements / block * block_bytes; }
};

std::span<const DenseFormat> dense_formats() noexcept;
// Throws std::runtime_error that lists the names.
const DenseFormat& dense_format(std::string_view name);

}  // namespace tern::kernels
