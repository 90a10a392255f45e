// SPDX-License-Identifier: Apache-2.0
//
// GGUF type 2, Q4_0: 32 weights of a row in 18 bytes. A binary16 scale d, then 16 bytes whose low
// nibbles are weights 0..15 and whose high nibbles are weights 16..31: w = d * (nibble - 8).

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tern::kernels {

inline constexpr std::size_t kQ4Group = 32, kQ4GroupBytes = 18;

struct Q4View {
  const std::uint8_t* data;  // [rows, cols / kQ4Group, kQ4GroupBytes]
  std::size_t rows;
  std::size_t cols;  // a multiple of kQ4Group, <= 65536

  std::size_t row_bytes() const { return cols / kQ4Group * kQ4GroupBytes; }
  Q4View slice(std::size_t begin, std::size_t end) const {
    return {data + begin * row_bytes(), end - begin, cols};
  }
};

// Both throw std::runtime_error that names the tensor, the index of the weight and the remedy: for
// columns that are no multiple of 32, another number of bytes, a scale that is NaN or infinite.
// A scale may be negative or, where all weights of a group are 0, zero.

// As llama.cpp does: d = -m / 8 for the weight m of largest magnitude, the first of equals.
std::vector<std::uint8_t> pack_q4_0(const float* w, std::size_t rows, std::size_t cols,
                                    const std::string& tensor);
std::vector<float> unpack_q4_0(std::span<const std::uint8_t> bytes, std::size_t rows,
                               std::size_t cols, const std::string& tensor);

}  // namespace tern::kernels
