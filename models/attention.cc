// SPDX-License-Identifier: Apache-2.0

#include "models/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"

namespace tern::models {
namespace {

// As in cpu_engine.cc: below this, waking another thread takes longer.
constexpr std::size_t kParallelMacs = std::size_t{1} << 17;

}  // namespace

void Attention::head(const float* q, std::size_t positions, const float* keys, const float* values,
                     float* scores, float* out) const {
  const std::size_t d = config_.head_dim, stride = config_.kv_dim();
  const float scale = 1.0f / std::sqrt(static_cast<float>(d));
  for (std::size_t p = 0; p < positions; ++p) scores[p] = ops_.dot(q, keys + p * stride, d) * scale;
  const float sum = ops_.exp_sum(scores, positions);
  std::fill(out, out + d, 0.0f);
  for (std::size_t p = 0; p < positions; ++p) ops_.axpy(scores[p], values + p * stride, d, out);
  for (std::size_t i = 0; i < d; ++i) out[i] /= sum;
}

void Attention::run(const float* q, std::size_t tokens, std::size_t first, const KvCache& cache,
                    float* out) {
  const std::size_t heads = config_.heads, d = config_.head_dim;
  const std::size_t group = heads / config_.kv_heads, longest = first + tokens;
  TERN_CHECK(cache.keys.size() >= longest * config_.kv_dim(), "the cache is too short");
  scores_.resize(tokens * heads * longest);
  const auto some = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t t = i / heads, kv = i % heads / group * d;
      head(q + i * d, first + t + 1, cache.keys.data() + kv, cache.values.data() + kv,
           scores_.data() + i * longest, out + i * d);
    }
  };
  if (pool_ == nullptr || tokens * config_.q_dim() * longest < kParallelMacs)
    some(0, tokens * heads);
  else
    pool_->parallel_for(tokens * heads, 1, some);
}

}  // namespace tern::models
