// SPDX-License-Identifier: Apache-2.0
//
// Matrix products on this CPU: the kernel tables behind the seam of models/linear.h.

#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "kernels/format.h"
#include "kernels/huge_arena.h"
#include "kernels/isa.h"
#include "kernels/ternary/file_rows.h"
#include "kernels/ternary/layouts.h"
#include "kernels/ternary/linears.h"
#include "kernels/thread_pool.h"
#include "models/dense_product.h"
#include "models/linear.h"
#include "models/screened_head.h"

namespace tern::models {

class CpuEngine : public LinearEngine {
 public:
  // `pool` is borrowed and may be shared, one caller at a time. The results depend on neither isa,
  // threads nor layout. The host must have `isa`.
  CpuEngine(kernels::Isa isa, kernels::ThreadPool& pool,
            const kernels::ComputeLayout& layout = kernels::compute_layout("t2p"));

  kernels::Isa isa() const { return isa_; }

  // The memory to repack matrices into is asked for at once, and a limit of addresses must leave
  // that, a screen of the head and what a text takes: each alone would say no more than what it
  // takes itself, and late. Throws std::runtime_error that says how much.
  void reserve(std::span<const TernaryMatrix* const> matrices, const DenseMatrix& head);

  void ternary(const TernaryMatrix& w, const TernaryInput& in, std::int32_t* acc) override;
  // Few tokens go by weights as they lie in the file (kernels/ternary/file_rows.h) until they are
  // repacked: a model's first token waits for none, the next few for an eighth each.
  void ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in) override;
  void settle() override;
  std::size_t bytes(const TernaryMatrix& w) const override {
    return ternary_.geometry.bytes(w.rows, w.cols);
  }
  void dense(const DenseMatrix& w, const float* x, std::size_t tokens, float* y) override;
  bool largest(const DenseMatrix& w, const float* x, std::size_t k, LargestRows& out) override;

 private:
  struct Packed {
    const std::uint8_t* data = nullptr;  // null: not yet
    std::size_t put_off = 0, until = 0;  // meetings with few tokens
  };

  // The matrix in the compute layout, repacked when that is first asked for. Where the matrix lies
  // in a mapped file, the memory of those bytes is given back: no second copy stays.
  kernels::TernaryView packed(const TernaryMatrix& w);
  void as_it_lies(const kernels::FileLayout& layout, const TernaryTask& task,
                  const TernaryInput& in);
  void grow_screen(std::size_t rows);

  kernels::Isa isa_;
  const kernels::ComputeLayout& layout_;
  kernels::TernaryProduct ternary_;
  std::unordered_map<const TernaryMatrix*, Packed> packed_;
  kernels::HugeArena arena_;
  std::size_t groups_put_off_ = 0;
  std::vector<kernels::TernaryLinear> linears_;
  DenseProduct dense_;
  // Of the matrix that largest() was asked for; begun when it is asked for a second time.
  std::unique_ptr<ScreenedHead> screen_;
  const DenseMatrix* screened_ = nullptr;
  int screen_pause_ = 0;
  bool no_screen_ = false;  // for want of memory: the head is read whole
  kernels::ThreadPool& pool_;
};

}  // namespace tern::models
