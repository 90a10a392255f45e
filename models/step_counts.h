// SPDX-License-Identifier: Apache-2.0
//
// The work of forward passes, counted. Products of linears are what an engine's own account holds
// too; the rest is what a vector unit beside the engine would do.

#pragma once

#include <cstdint>

namespace tern::models {

// Float32 operations per element, an exponential, a square root or a division counting as one.
inline constexpr std::uint64_t kRmsNormOps = 4;   // square, add, times 1/rms, times weight
inline constexpr std::uint64_t kRopeOps = 3;      // per rotated element: 2 products, 1 sum
inline constexpr std::uint64_t kSoftmaxOps = 5;   // per score: scale, maximum, subtract, exp, add
inline constexpr std::uint64_t kAverageOps = 1;   // per output of attention: divide
inline constexpr std::uint64_t kResidualOps = 1;  // add
inline constexpr std::uint64_t kRelu2Ops = 3;     // maximum, square, times up
inline constexpr std::uint64_t kSiluOps = 4;      // exp, add, divide, times up
inline constexpr std::uint64_t kQuantizeOps = 3;  // maximum, times s, round; per input of a linear
inline constexpr std::uint64_t kRoundOps = 1;     // to binary16; per input of a linear
inline constexpr std::uint64_t kDequantizeOps = 1;  // per output of a ternary linear

inline constexpr std::uint64_t kKvBytesPerValue = 4;  // of a float32 cache

struct StepCounts {
  std::uint64_t tokens = 0;
  std::uint64_t logits = 0;  // tokens for which the head was computed

  std::uint64_t ternary_macs = 0;  // of linears
  std::uint64_t fp16_macs = 0;     // of linears
  // Read once per batch of tokens, however the engine splits the batch.
  std::uint64_t linear_weight_bytes = 0;

  std::uint64_t head_macs = 0;
  std::uint64_t head_weight_bytes = 0;  // once per batch, as above

  // Of `logits`, those of the largest alone by a screen (screened_head.h), and the rows that were
  // looked at twice and computed exactly for them.
  std::uint64_t screened_logits = 0, screen_fine_rows = 0, screen_exact_rows = 0;

  std::uint64_t attention_macs = 0;  // scores and weighted sums, causal
  std::uint64_t kv_read_bytes = 0;   // once per token and KV head, in the cache's format
  std::uint64_t kv_write_bytes = 0;

  std::uint64_t elementwise_ops = 0;  // by the constants above

  StepCounts& operator+=(const StepCounts& o) {
    tokens += o.tokens;
    logits += o.logits;
    ternary_macs += o.ternary_macs;
    fp16_macs += o.fp16_macs;
    linear_weight_bytes += o.linear_weight_bytes;
    head_macs += o.head_macs;
    head_weight_bytes += o.head_weight_bytes;
    screened_logits += o.screened_logits;
    screen_fine_rows += o.screen_fine_rows;
    screen_exact_rows += o.screen_exact_rows;
    attention_macs += o.attention_macs;
    kv_read_bytes += o.kv_read_bytes;
    kv_write_bytes += o.kv_write_bytes;
    elementwise_ops += o.elementwise_ops;
    return *this;
  }
  bool operator==(const StepCounts&) const = default;
};

}  // namespace tern::models
