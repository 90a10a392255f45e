// SPDX-License-Identifier: Apache-2.0

#include "models/linear_input.h"

#include <stdexcept>

#include "kernels/check.h"
#include "kernels/quantize.h"

namespace tern::models {

void LinearInput::set(const float* x, std::size_t tokens, std::size_t cols,
                      const std::string& what) {
  if (!ops_.all_finite(x, tokens * cols))
    throw std::runtime_error("the input of " + what + " is not finite: the weights are unusable");
  x_ = x;
  tokens_ = tokens;
  cols_ = cols;
  quantized_ = rounded_ = false;
}

void LinearInput::times(const Linear& w, float* y) {
  TERN_CHECK(cols_of(w) == cols_, "a linear that does not fit its input");
  const std::size_t macs = tokens_ * rows_of(w) * cols_;
  if (const auto* t = std::get_if<TernaryMatrix>(&w)) {
    ternary(*t, y);
    counts_.ternary_macs += macs;
    counts_.linear_weight_bytes += t->packed.rows * t->packed.row_bytes();
    counts_.elementwise_ops += tokens_ * t->packed.rows * kDequantizeOps;
  } else {
    fp16(std::get<F16Matrix>(w), y);
    counts_.fp16_macs += macs;
    counts_.linear_weight_bytes += rows_of(w) * cols_ * sizeof(kernels::f16);
  }
}

void LinearInput::times_head(const F16Matrix& w, float* y) {
  TERN_CHECK(w.view.cols == cols_, "a head that does not fit its input");
  fp16(w, y);
  counts_.logits += tokens_;
  counts_.head_macs += tokens_ * w.view.rows * cols_;
  counts_.head_weight_bytes += w.view.rows * cols_ * sizeof(kernels::f16);
}

void LinearInput::ternary(const TernaryMatrix& w, float* y) {
  const std::size_t stride = w.packed.blocks_per_row * kernels::kT2BlockTrits;
  if (!quantized_) {
    q_.assign(tokens_ * stride, 0);
    scales_.resize(tokens_);
    for (std::size_t t = 0; t < tokens_; ++t)
      scales_[t] = kernels::quantize_absmax(x_ + t * cols_, cols_, q_.data() + t * stride);
    counts_.elementwise_ops += tokens_ * cols_ * kQuantizeOps;
    quantized_ = true;
  }
  const std::size_t rows = w.packed.rows;
  acc_.resize(tokens_ * rows);
  engine_.ternary(w, q_.data(), tokens_, acc_.data());
  for (std::size_t t = 0; t < tokens_; ++t)
    kernels::dequantize(acc_.data() + t * rows, rows, w.gamma, scales_[t], y + t * rows);
}

void LinearInput::fp16(const F16Matrix& w, float* y) {
  if (!rounded_) {
    halves_.resize(tokens_ * cols_);
    kernels::round_to_f16(x_, tokens_ * cols_, halves_.data());
    if (!ops_.all_finite(halves_.data(), halves_.size()))
      throw std::runtime_error("an input of " + w.name + " is beyond binary16");
    counts_.elementwise_ops += tokens_ * cols_ * kRoundOps;
    rounded_ = true;
  }
  engine_.fp16(w, halves_.data(), tokens_, y);
}

}  // namespace tern::models
