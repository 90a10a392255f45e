// SPDX-License-Identifier: Apache-2.0
//
// The one seam between a model and the machine that computes its matrix products: a CPU kernel
// fills it (models/cpu_engine.h), and so does a simulated accelerator (experiments).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/dense/dense.h"
#include "kernels/gemv.h"

namespace tern::models {

// A weight matrix of a loaded model. The address of a Matrix is stable and names it: an engine
// may keep what it prepared for it.
struct TernaryMatrix {
  std::string name;        // tensor name in the checkpoint
  kernels::T2View packed;  // [rows, blocks]
  std::size_t cols;
  float gamma;  // W = gamma * T
};

struct F16Matrix {
  std::string name;
  kernels::F16View view;  // [rows, cols]
};

class LinearEngine {
 public:
  virtual ~LinearEngine() = default;

  // acc[t, r] = sum over k of T[r, k] * q[t, k], exactly.
  //   q    [tokens, w.packed.blocks_per_row * kT2BlockTrits], zero past w.cols
  //   acc  [tokens, rows]
  virtual void ternary(const TernaryMatrix& w, const std::int8_t* q, std::size_t tokens,
                       std::int32_t* acc) = 0;

  // y[t, r], with the float numerics of kernels/dense/dense.h.
  //   x  [tokens, cols], float32 that holds binary16 values;  y  [tokens, rows]
  virtual void fp16(const F16Matrix& w, const float* x, std::size_t tokens, float* y) = 0;
};

}  // namespace tern::models
