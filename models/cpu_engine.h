// SPDX-License-Identifier: Apache-2.0
//
// Matrix products on this CPU: the kernel tables behind the seam of models/linear.h.

#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/format.h"
#include "kernels/huge_buffer.h"
#include "kernels/isa.h"
#include "kernels/ternary/layouts.h"
#include "kernels/ternary/linears.h"
#include "kernels/thread_pool.h"
#include "models/linear.h"

namespace tern::models {

class CpuEngine : public LinearEngine {
 public:
  // `pool` is borrowed and may be shared, one caller at a time. The results depend on neither isa,
  // threads nor layout. The host must have `isa`.
  CpuEngine(kernels::Isa isa, kernels::ThreadPool& pool,
            const kernels::ComputeLayout& layout = kernels::compute_layout("t2p"));

  kernels::Isa isa() const { return isa_; }

  void ternary(const TernaryMatrix& w, const TernaryInput& in, std::int32_t* acc) override;
  void ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in) override;
  void dense(const DenseMatrix& w, const float* x, std::size_t tokens, float* y) override;

 private:
  // The matrix in the compute layout, repacked when it is first met. Where the matrix lies in a
  // mapped file, the memory of those bytes is given back: no second copy stays.
  kernels::TernaryView packed(const TernaryMatrix& w);

  kernels::Isa isa_;
  const kernels::ComputeLayout& layout_;
  kernels::TernaryProduct ternary_;
  std::unordered_map<const TernaryMatrix*, kernels::HugeBuffer> packed_;
  std::vector<kernels::TernaryLinear> linears_;
  kernels::MatmulF32Fn* f32_;
  kernels::MatmulF16Fn* f16_;
  kernels::MatmulBf16Fn* bf16_;
  kernels::ThreadPool& pool_;
};

}  // namespace tern::models
