// SPDX-License-Identifier: Apache-2.0

#include "kernels/ternary/linears.h"

#include <algorithm>
#include <functional>

#include "kernels/check.h"
#include "kernels/prefetch.h"
#include "kernels/quantize.h"
#include "kernels/scratch.h"

namespace tern::kernels {
namespace {

// 256 KB of sums, in L2: kernels add up their tokens anew and warm up with every call, so that few
// large calls are faster than sums that stay in L1 (Emerald Rapids, t2p by 512 tokens, AMX with 64
// rows a call: 0.67 to 0.76 of the speed of one call for all; with 1024 rows 0.91 to 0.94).
constexpr std::size_t kTokenBlock = 64;
constexpr std::size_t kSums = 65536;

// Below 2^20 products, some 10 us, one thread is done before another has woken.
constexpr std::size_t kMinParallelMacs = std::size_t{1} << 20;

// So few that weights stream from memory faster than they are multiplied.
constexpr std::size_t kFewTokens = 8;

// Rows [begin, end) of one linear.
void some_rows(const TernaryProduct& product, const TernaryLinear& l, std::size_t begin,
               std::size_t end, const std::int8_t* x, std::size_t ldx, const float* scales,
               std::size_t tokens) {
  thread_local Scratch scratch;
  const std::size_t panel = product.geometry.panel_rows;
  auto* sums = scratch.room<std::int32_t>(
      std::min(std::min(tokens, kTokenBlock) * (end - begin), kSums + kTokenBlock * panel));
  for (std::size_t t0 = 0; t0 < tokens; t0 += kTokenBlock) {
    const std::size_t block = std::min(kTokenBlock, tokens - t0);
    // As many calls as it takes, of equal rows.
    const std::size_t calls = (block * (end - begin) + kSums - 1) / kSums;
    const std::size_t most = ((end - begin + calls - 1) / calls + panel - 1) / panel * panel;
    for (std::size_t r = begin; r < end; r += most) {
      const std::size_t rows = std::min(most, end - r);
      product.run(l.w.slice(product.geometry, r, r + rows), x + t0 * ldx, ldx, block, sums, rows);
      for (std::size_t t = 0; t < block; ++t)
        dequantize(sums + t * rows, rows, l.gamma, scales[t0 + t], l.y + (t0 + t) * l.ldy + r,
                   l.accumulate);
    }
  }
}

}  // namespace

void ternary_linears(ThreadPool& pool, const TernaryProduct& product,
                     std::span<const TernaryLinear> linears, const std::int8_t* x, std::size_t ldx,
                     const float* scales, std::size_t tokens) {
  const std::size_t panel = product.geometry.panel_rows;
  TERN_CHECK(panel * kTokenBlock <= kSums, "a panel whose sums do not fit");
  std::size_t panels = 0, macs = 0;
  for (const TernaryLinear& l : linears) {
    panels += product.geometry.panels(l.w.rows);
    macs += l.w.rows * l.w.cols * tokens;
  }
  // Panels of all linears in a row.
  const bool asks = tokens <= kFewTokens && asks_ahead();
  const auto part = [&](std::size_t begin, std::size_t end) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < linears.size(); ++i) {
      const TernaryLinear& l = linears[i];
      const std::size_t next = first + product.geometry.panels(l.w.rows);
      const std::size_t from = std::max(begin, first), to = std::min(end, next);
      if (from < to) {
        if (asks && next < end) {  // the stream goes on in the next matrix
          const TernaryView& w = linears[i + 1].w;
          prefetch_begin(w.data, w.data + product.geometry.bytes(w.rows, w.cols));
        }
        some_rows(product, l, (from - first) * panel, std::min(l.w.rows, (to - first) * panel), x,
                  ldx, scales, tokens);
      }
      first = next;
    }
  };
  if (macs < kMinParallelMacs)
    part(0, panels);
  else
    pool.parallel_for(panels, 1, std::cref(part));
}

}  // namespace tern::kernels
