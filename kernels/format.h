// SPDX-License-Identifier: Apache-2.0
//
// t2, the packed 2-bit ternary format. Its block is byte for byte that of I2_S on x86
// (microsoft/BitNet, quantize_i2_s): 128 consecutive weights of a row in 32 bytes, element j in
// byte j % 32 at bits [7:6], [5:4], [3:2], [1:0] for j / 32 = 0..3, code = weight + 1. So the
// weights of a GGUF file are used where they lie.

#pragma once

#include <cstddef>
#include <cstdint>

namespace tern::kernels {

inline constexpr std::size_t kT2BlockTrits = 128;
inline constexpr std::size_t kT2BlockBytes = 32;
inline constexpr std::size_t kMaxCols = 65536;  // every sum stays below 2^24

constexpr std::size_t t2_blocks(std::size_t cols) { return (cols + 127) / kT2BlockTrits; }
constexpr std::size_t t2_row_bytes(std::size_t cols) { return t2_blocks(cols) * kT2BlockBytes; }

// Borrowed weights; rows are contiguous.
struct T2View {
  const std::uint8_t* data;  // [rows, blocks_per_row, kT2BlockBytes]
  std::size_t rows;
  std::size_t blocks_per_row;

  std::size_t row_bytes() const { return blocks_per_row * kT2BlockBytes; }
  T2View slice(std::size_t begin, std::size_t end) const {
    return {data + begin * row_bytes(), end - begin, blocks_per_row};
  }
};

// Packs `cols` trits of one row into t2_row_bytes(cols) bytes; the rest of the last block holds
// weight 0. Each trit must be -1, 0 or +1.
void pack_t2(const std::int8_t* trits, std::size_t cols, std::uint8_t* packed) noexcept;

// The inverse. Returns `cols`, or the index of the first illegal code (3), where it stops.
std::size_t unpack_t2(const std::uint8_t* packed, std::size_t cols, std::int8_t* trits) noexcept;

// The byte offset of the first byte of packed[0, bytes) that holds an illegal code, or `bytes`.
std::size_t find_illegal_t2(const std::uint8_t* packed, std::size_t bytes) noexcept;

}  // namespace tern::kernels
