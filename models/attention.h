// SPDX-License-Identifier: Apache-2.0
//
// Causal grouped-query attention over a cache of keys and values (Ainslie et al., arXiv
// 2305.13245): query head h reads key-value head h / (heads / kv_heads).

#pragma once

#include <cstddef>
#include <vector>

#include "kernels/thread_pool.h"
#include "models/config.h"
#include "models/vector_ops.h"

namespace tern::models {

// One layer's keys (rotated) and values, [position, kv_dim].
struct KvCache {
  std::vector<float> keys, values;
};

class Attention {
 public:
  // Borrows all three. pool may be null: one thread.
  Attention(const Config& config, const VectorOps& ops, kernels::ThreadPool* pool)
      : config_(config), ops_(ops), pool_(pool) {}

  // out[t] = softmax(q[t] K^T / sqrt(head_dim)) V over positions [0, first + t].
  // q and out [tokens, q_dim]; the cache holds first + tokens positions.
  void run(const float* q, std::size_t tokens, std::size_t first, const KvCache& cache, float* out);

 private:
  void head(const float* q, std::size_t positions, const float* keys, const float* values,
            float* scores, float* out) const;

  const Config& config_;
  const VectorOps& ops_;
  kernels::ThreadPool* pool_;
  std::vector<float> scores_;  // [tokens, heads, positions]
};

}  // namespace tern::models
