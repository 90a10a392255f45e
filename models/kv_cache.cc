// SPDX-License-Identifier: Apache-2.0

#include "models/kv_cache.h"

#include <atomic>
#include <stdexcept>

#include "kernels/check.h"

namespace tern::models {

KvCache::KvCache(const Config& config, kernels::KvFormat format, kernels::Isa isa,
                 kernels::ThreadPool* pool)
    : layers_(config.layers),
      kv_heads_(config.kv_heads),
      layout_{format, config.head_dim},
      run_(*kernels::kernel_for(kernels::attention_kernels(), isa).run),
      pool_(pool) {}

std::size_t KvCache::bytes_per_token() const {
  return layers_ * kv_heads_ * layout_.block_bytes() / kernels::kKvBlock;
}

std::size_t KvCache::bytes() const {
  std::size_t sum = 0;
  for (const kernels::HugeBuffer& segment : segments_) sum += segment.size();
  return sum;
}

void KvCache::reserve(std::size_t n) {
  using kernels::HugeBuffer;
  while (segments_.size() < segments_for(n)) {
    const std::size_t bytes = offset(segments_.size(), layers_, 0);
    const auto pages =
        bytes < HugeBuffer::kAlignment ? HugeBuffer::Pages::kNormal : HugeBuffer::Pages::kHuge;
    kernels::ThreadPool alone(1);
    segments_.emplace_back(bytes, pages, pool_ == nullptr ? alone : *pool_, "KV cache");
  }
}

void KvCache::append(std::size_t layer, std::size_t first, std::size_t tokens, const float* k,
                     const float* v) {
  TERN_CHECK(segments_.size() >= segments_for(first + tokens), "the cache is too short");
  const std::size_t d = layout_.head_dim, stride = kv_heads_ * d;
  std::atomic<bool> finite = true;
  const auto heads = [&](std::size_t begin, std::size_t end) {
    for (std::size_t h = begin; h < end; ++h)
      for (std::size_t t = 0; t < tokens; ++t) {
        const std::size_t p = first + t, s = segment_of(p), in = p - begin_of(s);
        std::uint8_t* block = segments_[s].data() + offset(s, layer, h) +
                              in / kernels::kKvBlock * layout_.block_bytes();
        if (!run_.append(layout_, block, in % kernels::kKvBlock, k + t * stride + h * d,
                         v + t * stride + h * d))
          finite = false;
      }
  };
  constexpr std::size_t kParallelTokens = 16;
  kernels::parallel_for_if(tokens >= kParallelTokens, pool_, kv_heads_, 1, heads);
  if (!finite)
    throw std::runtime_error("blk." + std::to_string(layer) + ": a key or a value has no finite " +
                             std::string(kernels::kv_format_name(layout_.format)) +
                             " (--kv f32 holds what float32 does)");
}

}  // namespace tern::models
