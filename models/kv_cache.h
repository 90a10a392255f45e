// SPDX-License-Identifier: Apache-2.0
//
// The keys (rotated) and values of all layers, in segments that are allocated as the sequence
// reaches them: of 512 positions, the first cut at 128, so that a short text takes a quarter and
// its attention has parts for several threads. Within a segment the blocks of one head
// (kernels/attention/attention.h) lie side by side.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/huge_buffer.h"
#include "kernels/thread_pool.h"
#include "models/config.h"

namespace tern::models {

class KvCache {
 public:
  static constexpr std::size_t kSegment = 512, kFirstCut = 128;  // positions

  // Segment s has positions [begin_of(s), begin_of(s + 1)).
  static constexpr std::size_t begin_of(std::size_t s) {
    return s == 0 ? 0 : s == 1 ? kFirstCut : (s - 1) * kSegment;
  }
  static constexpr std::size_t segment_of(std::size_t position) {
    return position < kFirstCut ? 0 : position / kSegment + 1;
  }
  // That positions [0, n) take.
  static constexpr std::size_t segments_for(std::size_t n) {
    return n == 0 ? 0 : segment_of(n - 1) + 1;
  }

  // pool may be null: one thread.
  KvCache(const Config& config, kernels::KvFormat format, kernels::Isa isa,
          kernels::ThreadPool* pool);

  const kernels::KvLayout& layout() const { return layout_; }
  // Of one position in all layers, and of the segments there are.
  std::size_t bytes_per_token() const;
  std::size_t bytes() const;

  // Makes positions [0, n) usable. Throws std::runtime_error when the memory is not there.
  void reserve(std::size_t n);

  // Positions [first, first + tokens) of a layer: k and v [tokens, kv_dim], reserved. Throws
  // std::runtime_error when a value has no finite one in this format.
  void append(std::size_t layer, std::size_t first, std::size_t tokens, const float* k,
              const float* v);

  // Segment s of a head.
  kernels::KvHead head(std::size_t layer, std::size_t s, std::size_t head) const {
    return {segments_[s].data() + offset(s, layer, head), layout_.block_bytes()};
  }

 private:
  std::size_t offset(std::size_t s, std::size_t layer, std::size_t head) const {
    const std::size_t blocks = (begin_of(s + 1) - begin_of(s)) / kernels::kKvBlock;
    return (layer * kv_heads_ + head) * blocks * layout_.block_bytes();
  }

  std::size_t layers_, kv_heads_;
  kernels::KvLayout layout_;
  const kernels::AttentionFns& run_;
  kernels::ThreadPool* pool_;
  std::vector<kernels::HugeBuffer> segments_;
};

}  // namespace tern::models
