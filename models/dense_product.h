// SPDX-License-Identifier: Apache-2.0
//
// Rows of a dense matrix of any format times activations, on one thread: float32 in the defined
// order of kernels/dense/dense.h, so that a row gives the same bits whatever rows come with it.

#pragma once

#include <cstddef>

#include "kernels/dense/dense.h"
#include "kernels/isa.h"
#include "models/linear.h"

namespace tern::models {

class DenseProduct {
 public:
  explicit DenseProduct(kernels::Isa isa);

  // y[t * ldy + r - begin] for rows [begin, end).  x [tokens, cols], ldy >= end - begin
  void rows(const DenseMatrix& w, std::size_t begin, std::size_t end, const float* x,
            std::size_t tokens, float* y, std::size_t ldy) const;

 private:
  kernels::MatmulF32Fn* f32_;
  kernels::MatmulF16Fn* f16_;
  kernels::MatmulBf16Fn* bf16_;
};

}  // namespace tern::models
