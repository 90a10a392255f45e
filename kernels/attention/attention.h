// SPDX-License-Identifier: Apache-2.0
//
// The two products of attention over a cache of keys and values, and the cache's layout: one head
// of one layer in blocks of 16 positions, a block's keys column by column and its values row by
// row. So every sum is one chain in the order of its index, whichever rows, positions and ISA
// share registers, and a token gives the same bits alone and in a batch.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/isa.h"

namespace tern::kernels {

enum class KvFormat : std::uint8_t {
  kF32,
  kF16,  // round to nearest even
  kI8,   // per position and head, keys and values apart: scale = max |v| / 127, code = round(v *
         // (127 / max |v|)), half to even; zeros have scale 0
};

std::string_view kv_format_name(KvFormat format) noexcept;  // "f32", "f16", "i8"

inline constexpr std::size_t kKvBlock = 16;  // positions

// A block: keys [head_dim][16], values [16][padded()], and in kI8 16 scales (float32) behind each.
struct KvLayout {
  KvFormat format;
  std::size_t head_dim;

  // Columns of values: whole registers of 16, zeros past head_dim.
  std::size_t padded() const { return (head_dim + kKvBlock - 1) / kKvBlock * kKvBlock; }
  std::size_t element_bytes() const {
    return format == KvFormat::kF32 ? 4 : format == KvFormat::kF16 ? 2 : 1;
  }
  // Each is a whole number of cache lines.
  std::size_t key_bytes() const { return part_bytes(head_dim); }
  std::size_t block_bytes() const { return key_bytes() + part_bytes(padded()); }

 private:
  std::size_t part_bytes(std::size_t cols) const {
    const std::size_t scales = format == KvFormat::kI8 ? kKvBlock * sizeof(float) : 0;
    return (kKvBlock * cols * element_bytes() + scales + 63) / 64 * 64;
  }
};

// Blocks of one head: block b begins at data + b * stride.
struct KvHead {
  const std::uint8_t* data;
  std::size_t stride;
};

// k, v [head_dim] become position `slot` of the block; slot 0 clears the others first. Whether all
// that was stored is finite: beyond 65504, kF16 has no finite value.
using KvAppendFn = bool(const KvLayout& layout, std::uint8_t* block, std::size_t slot,
                        const float* k, const float* v) noexcept;

// out[r, p] = ((fma chain over i of q[r, i] * key[p, i] from +0) * scale of p, in kI8) * factor for
// all positions of `blocks` blocks.  q [rows, ldq], out [rows, ldo], ldo >= 16 * blocks
using AttentionScoresFn = void(const KvLayout& layout, const KvHead& head, std::size_t blocks,
                               const float* q, std::size_t ldq, std::size_t rows, float factor,
                               float* out, std::size_t ldo) noexcept;

// out[r, i] = (fma chain over p < positions of weight[r, p] * value[p, i] from +0) + 0 for i <
// padded(). In kI8 weight[r, p] * scale of p, rounded, takes the place of the weight.
//   weight [rows, ldw], ldw >= positions; out [rows, ldo], ldo >= padded()
using AttentionAverageFn = void(const KvLayout& layout, const KvHead& head, std::size_t positions,
                                const float* weight, std::size_t ldw, std::size_t rows, float* out,
                                std::size_t ldo) noexcept;

struct AttentionFns {
  KvAppendFn* append;
  AttentionScoresFn* scores;
  AttentionAverageFn* average;
};

using AttentionKernel = Kernel<const AttentionFns>;

// Fastest first; all give the same bits (where a result is NaN, any NaN).
std::span<const AttentionKernel> attention_kernels() noexcept;

}  // namespace tern::kernels
