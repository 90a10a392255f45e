// SPDX-License-Identifier: Apache-2.0
//
// Activations on their way into linears: quantised to int8 per token for ternary matrices, rounded
// to binary16 for FP16 ones, each at most once however many matrices share the input.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/linear.h"
#include "models/model.h"
#include "models/step_counts.h"
#include "models/vector_ops.h"

namespace tern::models {

class LinearInput {
 public:
  // Borrows all three.
  LinearInput(LinearEngine& engine, const VectorOps& ops, StepCounts& counts)
      : engine_(engine), ops_(ops), counts_(counts) {}

  // x [tokens, cols], borrowed until the next set(). Throws std::runtime_error, naming `what`,
  // when a value is not finite.
  void set(const float* x, std::size_t tokens, std::size_t cols, const std::string& what);

  // y [tokens, rows of w].
  void times(const Linear& w, float* y);
  // The same for the head, which is counted apart.
  void times_head(const F16Matrix& w, float* y);

 private:
  void ternary(const TernaryMatrix& w, float* y);
  void fp16(const F16Matrix& w, float* y);

  LinearEngine& engine_;
  const VectorOps& ops_;
  StepCounts& counts_;

  const float* x_ = nullptr;
  std::size_t tokens_ = 0, cols_ = 0;
  bool quantized_ = false, rounded_ = false;
  std::vector<std::int8_t> q_;     // [tokens, blocks * 128]
  std::vector<float> scales_;      // [tokens]
  std::vector<float> halves_;      // [tokens, cols]
  std::vector<std::int32_t> acc_;  // [tokens, rows]
};

}  // namespace tern::models
