// SPDX-License-Identifier: Apache-2.0
//
// Causal grouped-query attention over a cache of keys and values (Ainslie et al., arXiv
// 2305.13245): query head h reads key-value head h / (heads / kv_heads).
//
// Positions are taken in segments of the cache, each with a softmax of its own, which are joined in
// order (Dao et al., arXiv 2205.14135): with m the larger maximum of two, e = exp(maximum - m)
// scales sum and average of either, and both are added. So work can be split by segments without
// another result.

#pragma once

#include <cstddef>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/thread_pool.h"
#include "models/config.h"
#include "models/kv_cache.h"
#include "models/vector_ops.h"

namespace tern::models {

class Attention {
 public:
  // Borrows config, ops and pool, which may be null: one thread.
  Attention(const Config& config, const VectorOps& ops, kernels::ThreadPool* pool)
      : config_(config),
        ops_(ops),
        run_(*kernels::kernel_for(kernels::attention_kernels(), ops.isa).run),
        pool_(pool) {}

  // out[t] = softmax(q[t] K^T / sqrt(head_dim)) V over positions [0, first + t] of a layer.
  // q and out [tokens, q_dim]; the cache holds first + tokens positions.
  void run(const float* q, std::size_t tokens, std::size_t first, const KvCache& cache,
           std::size_t layer, float* out);

 private:
  struct Tile;     // tokens of one key-value head
  struct Partial;  // what segments gave a tile

  void segment(const Tile& tile, const KvCache& cache, std::size_t layer, std::size_t s,
               const Partial& to) const;
  void finish(const Tile& tile, const Partial& p, float* out) const;

  const Config& config_;
  const VectorOps& ops_;
  const kernels::AttentionFns& run_;
  kernels::ThreadPool* pool_;
  std::vector<float> partials_;
};

}  // namespace tern::models
