// SPDX-License-Identifier: Apache-2.0
//
// Matrix products on this CPU: the kernel tables behind the seam of models/linear.h.

#pragma once

#include "kernels/dense/dense.h"
#include "kernels/gemv.h"
#include "kernels/isa.h"
#include "kernels/thread_pool.h"
#include "models/linear.h"

namespace tern::models {

class CpuEngine : public LinearEngine {
 public:
  // `pool` is borrowed and may be shared, one caller at a time. The results depend on neither isa
  // nor threads. The host must have `isa`.
  CpuEngine(kernels::Isa isa, kernels::ThreadPool& pool);

  kernels::Isa isa() const { return isa_; }

  void ternary(const TernaryMatrix& w, const std::int8_t* q, std::size_t tokens,
               std::int32_t* acc) override;
  void fp16(const F16Matrix& w, const float* x, std::size_t tokens, float* y) override;

 private:
  kernels::Isa isa_;
  kernels::GemvT2Fn* ternary_;
  kernels::MatmulF16Fn* fp16_;
  kernels::ThreadPool& pool_;
};

}  // namespace tern::models
