// SPDX-License-Identifier: Apache-2.0

#include "models/cpu_engine.h"

#include <algorithm>

#include "kernels/check.h"
#include "kernels/dense/parallel.h"

namespace tern::models {
namespace {

// Below some 20 us of work a product is done before another thread has woken.
constexpr std::size_t kParallelTernaryMacs = std::size_t{1} << 20;
// Rows that stay in the cache while every token of a batch meets them.
constexpr std::size_t kRowsPerPass = 32;

template <typename View, typename X, typename Y, typename Fn>
void product(const View& w, std::size_t cols, const X* x, std::size_t tokens, Y* y, Fn* kernel,
             std::size_t parallel_macs, kernels::ThreadPool& pool) {
  const auto some_rows = [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; r += kRowsPerPass) {
      const View rows = w.slice(r, std::min(r + kRowsPerPass, end));
      for (std::size_t t = 0; t < tokens; ++t) kernel(rows, x + t * cols, y + t * w.rows + r);
    }
  };
  if (w.rows * cols * tokens < parallel_macs)
    some_rows(0, w.rows);
  else
    pool.parallel_for(w.rows, kRowsPerPass, some_rows);
}

}  // namespace

CpuEngine::CpuEngine(kernels::Isa isa, kernels::ThreadPool& pool)
    : isa_(isa),
      ternary_(kernels::kernel_for(kernels::gemv_t2_kernels(), isa).run),
      fp16_(
          kernels::kernel_for(kernels::matmul_f16_kernels(), kernels::defined_order_isa(isa)).run),
      pool_(pool) {
  TERN_CHECK(kernels::host_has(isa), "an engine for instructions that this host lacks");
}

void CpuEngine::ternary(const TernaryMatrix& w, const std::int8_t* q, std::size_t tokens,
                        std::int32_t* acc) {
  product(w.packed, w.packed.blocks_per_row * kernels::kT2BlockTrits, q, tokens, acc, ternary_,
          kParallelTernaryMacs, pool_);
}

void CpuEngine::fp16(const F16Matrix& w, const float* x, std::size_t tokens, float* y) {
  kernels::parallel_matmul(pool_, fp16_, w.view, x, w.view.cols, tokens, y, w.view.rows);
}

}  // namespace tern::models
