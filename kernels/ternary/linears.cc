// SPDX-License-Identifier: Apache-2.0

#include "kernels/ternary/linears.h"

#include <algorithm>
#include <array>
#include <functional>

#include "kernels/check.h"
#include "kernels/quantize.h"
#include "kernels/scratch.h"

namespace tern::kernels {
namespace {

constexpr std::size_t kTokenBlock = 64;
constexpr std::size_t kSums = 4096;  // 16 KB: half of the L1 cache of most cores

// Below 2^20 products, some 10 us, one thread is done before another has woken.
constexpr std::size_t kMinParallelMacs = std::size_t{1} << 20;

// Rows [begin, end) of one linear.
void some_rows(const TernaryProduct& product, const TernaryLinear& l, std::size_t begin,
               std::size_t end, const std::int8_t* x, std::size_t ldx, const float* scales,
               std::size_t tokens) {
  alignas(kLineBytes) thread_local std::array<std::int32_t, kSums> sums;
  const std::size_t panel = product.geometry.panel_rows;
  for (std::size_t t0 = 0; t0 < tokens; t0 += kTokenBlock) {
    const std::size_t block = std::min(kTokenBlock, tokens - t0);
    const std::size_t most = std::max(panel, kSums / block / panel * panel);
    for (std::size_t r = begin; r < end; r += most) {
      const std::size_t rows = std::min(most, end - r);
      product.run(l.w.slice(product.geometry, r, r + rows), x + t0 * ldx, ldx, block, sums.data(),
                  rows);
      for (std::size_t t = 0; t < block; ++t)
        dequantize(sums.data() + t * rows, rows, l.gamma, scales[t0 + t],
                   l.y + (t0 + t) * l.ldy + r, l.accumulate);
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
  const auto part = [&](std::size_t begin, std::size_t end) {
    std::size_t first = 0;
    for (const TernaryLinear& l : linears) {
      const std::size_t next = first + product.geometry.panels(l.w.rows);
      const std::size_t from = std::max(begin, first), to = std::min(end, next);
      if (from < to)
        some_rows(product, l, (from - first) * panel, std::min(l.w.rows, (to - first) * panel), x,
                  ldx, scales, tokens);
      first = next;
    }
  };
  if (macs < kMinParallelMacs)
    part(0, panels);
  else
    pool.parallel_for(panels, 1, std::cref(part));
}

}  // namespace tern::kernels
