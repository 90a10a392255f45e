// SPDX-License-Identifier: Apache-2.0

#include "models/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/check.h"
#include "kernels/scratch.h"

namespace tern::models {
namespace {

// Below this, some 10 us, waking another thread takes longer.
constexpr std::size_t kParallelMacs = std::size_t{1} << 17;

// Rows of a tile, one per token and query head: their scores of a segment, 128 KB, stay in L2.
constexpr std::size_t kTileRows = 64;  // or those of one token, where it has more

constexpr std::size_t kScoreStride = KvCache::kSegment + 16;  // not a power of two

}  // namespace

struct Attention::Tile {
  std::size_t kv_head, token, tokens;  // tokens [token, token + tokens) of the batch
  std::size_t position;                // of the first of them
  std::size_t group, rows;             // row = (token - first) * group + head of the group
  const float* q;                      // [rows, head_dim]
};

struct Attention::Partial {
  float* most;     // [rows]; -infinity: nothing seen
  float* sum;      // [rows]
  float* average;  // [rows, padded]
};

// The softmax and the average of one segment, whose positions not all rows may see.
void Attention::segment(const Tile& tile, const KvCache& cache, std::size_t layer, std::size_t s,
                        const Partial& to) const {
  const std::size_t d = config_.head_dim, padded = cache.layout().padded();
  const std::size_t begin = KvCache::begin_of(s), most = KvCache::begin_of(s + 1) - begin;
  const auto seen = [&](std::size_t row) {
    const std::size_t end = tile.position + row / tile.group + 1;
    return end <= begin ? 0 : std::min(end - begin, most);
  };
  const std::size_t most_seen = seen(tile.rows - 1);
  std::size_t row = 0;
  for (; row < tile.rows && seen(row) == 0; ++row) to.most[row] = -INFINITY;

  thread_local kernels::Scratch scratch;
  float* scores = scratch.room<float>(tile.rows * kScoreStride);
  const kernels::KvHead head = cache.head(layer, s, tile.kv_head);
  const std::size_t blocks = (most_seen + kernels::kKvBlock - 1) / kernels::kKvBlock;
  run_.scores(cache.layout(), head, blocks, tile.q + row * d, d, tile.rows - row,
              1.0f / std::sqrt(static_cast<float>(d)), scores, kScoreStride);
  for (std::size_t r = row; r < tile.rows; ++r) {
    float* own = scores + (r - row) * kScoreStride;
    to.sum[r] = ops_.exp_sum(own, seen(r), &to.most[r]);
    std::fill(own + seen(r), own + most_seen, 0.0f);
  }
  run_.average(cache.layout(), head, most_seen, scores, kScoreStride, tile.rows - row,
               to.average + row * padded, padded);
}

namespace {

// Joins segment `b` to what the earlier ones gave.
void join(float& most, float& sum, float* average, float most_b, float sum_b,
          const float* average_b, std::size_t n, const VectorOps& ops) {
  if (most_b == -INFINITY) return;
  if (most == -INFINITY) {
    most = most_b;
    sum = sum_b;
    std::copy_n(average_b, n, average);
    return;
  }
  float factors[2] = {most, most_b}, larger = 0;
  ops.exp_sum(factors, 2, &larger);
  most = larger;
  sum = sum * factors[0] + sum_b * factors[1];
  for (std::size_t i = 0; i < n; ++i)
    average[i] = average[i] * factors[0] + average_b[i] * factors[1];
}

}  // namespace

void Attention::finish(const Tile& tile, const Partial& p, float* out) const {
  const std::size_t d = config_.head_dim, padded = kernels::KvLayout{{}, d}.padded();
  for (std::size_t r = 0; r < tile.rows; ++r) {
    float* own = out + (tile.token + r / tile.group) * config_.q_dim() +
                 (tile.kv_head * tile.group + r % tile.group) * d;
    const float factor = 1.0f / p.sum[r];
    for (std::size_t i = 0; i < d; ++i) own[i] = p.average[r * padded + i] * factor;
  }
}

void Attention::run(const float* q, std::size_t tokens, std::size_t first, const KvCache& cache,
                    std::size_t layer, float* out) {
  const std::size_t d = config_.head_dim, padded = cache.layout().padded();
  const std::size_t group = config_.heads / config_.kv_heads, longest = first + tokens;
  const std::size_t most_tokens = std::max<std::size_t>(kTileRows / group, 1);
  const std::size_t most_rows = most_tokens * group, room = most_rows * (padded + 2);
  const std::size_t tiles = (tokens + most_tokens - 1) / most_tokens;
  const std::size_t units = tiles * config_.kv_heads;

  const auto tile_of = [&](std::size_t unit) {
    // Early and late tiles in turn: they see few and many positions.
    const std::size_t i = unit / config_.kv_heads;
    const std::size_t index = i % 2 == 0 ? i / 2 : tiles - 1 - i / 2;
    Tile t{};
    t.kv_head = unit % config_.kv_heads;
    t.token = index * most_tokens;
    t.tokens = std::min(most_tokens, tokens - t.token);
    t.position = first + t.token;
    t.group = group;
    t.rows = t.tokens * group;
    return t;
  };
  const auto partial = [&](float* at) { return Partial{at, at + most_rows, at + 2 * most_rows}; };
  const auto join_all = [&](const Tile& tile, const Partial& all, const Partial& one) {
    for (std::size_t r = 0; r < tile.rows; ++r)
      join(all.most[r], all.sum[r], all.average + r * padded, one.most[r], one.sum[r],
           one.average + r * padded, padded, ops_);
  };
  const auto gather = [&](Tile& tile, float* rows) {
    for (std::size_t t = 0; t < tile.tokens; ++t)
      std::copy_n(q + (tile.token + t) * config_.q_dim() + tile.kv_head * group * d, group * d,
                  rows + t * group * d);
    tile.q = rows;
  };
  const bool pays = tokens * config_.q_dim() * longest >= kParallelMacs;
  const std::size_t threads = pool_ == nullptr ? 1 : pool_->threads();
  if (units >= 4 * threads) {  // each tile goes through its segments
    kernels::parallel_for_if(pays, pool_, units, 1, [&](std::size_t begin, std::size_t end) {
      thread_local kernels::Scratch queries, rooms;
      float* rows = queries.room<float>(most_rows * d);
      float* both = rooms.room<float>(2 * room);
      const Partial all = partial(both), one = partial(both + room);
      for (std::size_t unit = begin; unit < end; ++unit) {
        Tile tile = tile_of(unit);
        gather(tile, rows);
        segment(tile, cache, layer, 0, all);
        for (std::size_t s = 1; s < KvCache::segments_for(tile.position + tile.tokens); ++s) {
          segment(tile, cache, layer, s, one);
          join_all(tile, all, one);
        }
        finish(tile, all, out);
      }
    });
    return;
  }
  const std::size_t segments = KvCache::segments_for(longest);  // each of them is a part of its own
  partials_.resize(units * segments * room);
  kernels::parallel_for_if(
      pays, pool_, units * segments, 1, [&](std::size_t begin, std::size_t end) {
        thread_local kernels::Scratch queries;
        float* rows = queries.room<float>(most_rows * d);
        for (std::size_t i = begin; i < end; ++i) {
          Tile tile = tile_of(i / segments);
          if (i % segments >= KvCache::segments_for(tile.position + tile.tokens)) continue;
          gather(tile, rows);
          segment(tile, cache, layer, i % segments, partial(partials_.data() + i * room));
        }
      });
  for (std::size_t unit = 0; unit < units; ++unit) {
    const Tile tile = tile_of(unit);
    float* at = partials_.data() + unit * segments * room;
    for (std::size_t s = 1; s < KvCache::segments_for(tile.position + tile.tokens); ++s)
      join_all(tile, partial(at), partial(at + s * room));
    finish(tile, partial(at), out);
  }
}

}  // namespace tern::models
