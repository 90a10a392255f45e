// SPDX-License-Identifier: Apache-2.0

#include "models/linear_input.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "kernels/check.h"
#include "models/rms_norm.h"

namespace tern::models {

void LinearInput::set(const float* x, std::size_t tokens, std::size_t cols,
                      const std::string& what) {
  what_ = what;
  x_ = x;
  gate_ = nullptr;
  norm_ = nullptr;
  tokens_ = tokens;
  cols_ = cols;
  quantized_ = normed_done_ = checked_ = false;
}

void LinearInput::set_normed(const float* x, std::size_t tokens, const std::vector<float>& weight,
                             float eps, const std::string& what) {
  set(x, tokens, weight.size(), what);
  norm_ = &weight;
  eps_ = eps;
  counts_.elementwise_ops += tokens * weight.size() * kRmsNormOps;
}

void LinearInput::set_gated(Gate gate, const float* g, const float* u, std::size_t tokens,
                            std::size_t cols, const std::vector<float>* norm, float eps,
                            const std::string& what) {
  set(nullptr, tokens, cols, what);
  gate_ = gate;
  g_ = g;
  u_ = u;
  norm_ = norm;
  eps_ = eps;
  if (norm != nullptr) counts_.elementwise_ops += tokens * cols * kRmsNormOps;
}

void LinearInput::by_tokens(const std::function<void(std::size_t, std::size_t)>& body) {
  kernels::parallel_for_if(tokens_ * cols_ >= kParallelElements, pool_, tokens_, 1, body);
}

void LinearInput::not_finite() const {
  throw std::runtime_error("the input of " + what_ + " is not finite: the weights are unusable");
}

TernaryInput LinearInput::quantized() {
  const std::size_t stride = ternary_stride(cols_);
  if (!quantized_) {
    const Stopwatch watch(times_.quantize_s);
    q_ = q_block_.room<std::int8_t>(tokens_ * stride);
    scales_.resize(tokens_);
    std::atomic<bool> finite = true;
    by_tokens([&](std::size_t begin, std::size_t end) {
      thread_local kernels::Scratch scratch;
      float* row = gate_ != nullptr ? scratch.room<float>(cols_) : nullptr;
      for (std::size_t t = begin; t < end; ++t) {
        const float* x = row != nullptr ? row : x_ + t * cols_;
        std::int8_t* q = q_ + t * stride;
        std::fill(q + cols_, q + stride, std::int8_t{0});
        if (row != nullptr) gate_(g_ + t * cols_, u_ + t * cols_, cols_, row);
        const kernels::Quantized done = norm_ != nullptr
                                            ? norm_quantize_(x, norm_->data(), eps_, cols_, q)
                                            : quantize_(x, cols_, q);
        if (!done.finite) finite = false;
        scales_[t] = done.scale;
      }
    });
    if (!finite) not_finite();
    counts_.elementwise_ops += tokens_ * cols_ * kQuantizeOps;
    quantized_ = true;
  }
  return {q_, stride, scales_.data(), tokens_};
}

const float* LinearInput::floats() {
  if (gate_ != nullptr && x_ == nullptr) {
    gated_.resize(tokens_ * cols_);
    by_tokens([&](std::size_t begin, std::size_t end) {
      const std::size_t at = begin * cols_;
      gate_(g_ + at, u_ + at, (end - begin) * cols_, gated_.data() + at);
    });
    x_ = gated_.data();
  }
  if (norm_ == nullptr) return x_;
  if (!normed_done_) {
    normed_.resize(tokens_ * cols_);
    by_tokens([&](std::size_t begin, std::size_t end) {
      rms_norm(x_ + begin * cols_, end - begin, *norm_, eps_, ops_, normed_.data() + begin * cols_);
    });
    normed_done_ = true;
  }
  return normed_.data();
}

void LinearInput::times(std::initializer_list<Target> targets, bool accumulate) {
  tasks_.clear();
  for (const Target& target : targets) {
    TERN_CHECK(cols_of(*target.w) == cols_, "a linear that does not fit its input");
    const std::size_t rows = rows_of(*target.w);
    const std::size_t macs = tokens_ * rows * cols_;
    if (const auto* t = std::get_if<TernaryMatrix>(target.w)) {
      tasks_.push_back({t, target.y, accumulate});
      counts_.ternary_macs += macs;
      counts_.linear_weight_bytes += engine_.bytes(*t);
      counts_.elementwise_ops += tokens_ * rows * kDequantizeOps;
      continue;
    }
    const DenseMatrix& w = std::get<DenseMatrix>(*target.w);
    if (accumulate) {
      product_.resize(tokens_ * rows);
      dense(w, product_.data(), times_.linears_s);
      for (std::size_t i = 0; i < product_.size(); ++i) target.y[i] += product_[i];
    } else {
      dense(w, target.y, times_.linears_s);
    }
    counts_.fp16_macs += macs;
    counts_.linear_weight_bytes += w.bytes();
  }
  if (tasks_.empty()) return;
  const TernaryInput input = quantized();
  const Stopwatch watch(times_.linears_s);
  engine_.ternary_linears(tasks_, input);
}

void LinearInput::times_head(const DenseMatrix& w, float* y) {
  TERN_CHECK(w.cols == cols_, "a head that does not fit its input");
  double unused = 0;  // the head has a time of its own
  dense(w, y, unused);
  counts_.logits += tokens_;
  counts_.head_macs += tokens_ * w.rows * cols_;
  counts_.head_weight_bytes += w.bytes();
}

bool LinearInput::largest_of_head(const DenseMatrix& w, std::size_t k, LargestRows& out) {
  TERN_CHECK(w.cols == cols_ && tokens_ == 1, "a head that does not fit its input");
  out.work = {};
  const bool done = engine_.largest(w, checked(w), k, out);
  counts_.head_weight_bytes += out.work.bytes;  // also where it was in vain
  if (!done) return false;
  counts_.logits += 1;
  counts_.head_macs += w.rows * cols_;
  counts_.screened_logits += 1;
  counts_.screen_fine_rows += out.work.fine_rows;
  counts_.screen_exact_rows += out.work.exact_rows;
  return true;
}

const float* LinearInput::checked(const DenseMatrix& w) {
  if (checked_) return inputs_ == DenseInputs::kBinary16 ? halves_.data() : floats();
  const Stopwatch watch(times_.quantize_s);
  const float* x = floats();
  if (!ops_.all_finite(x, tokens_ * cols_)) not_finite();
  if (inputs_ == DenseInputs::kBinary16) {
    halves_.resize(tokens_ * cols_);
    kernels::round_to_f16(x, tokens_ * cols_, halves_.data());
    if (!ops_.all_finite(halves_.data(), halves_.size()))
      throw std::runtime_error("an input of " + w.name + " is beyond binary16");
    counts_.elementwise_ops += tokens_ * cols_ * kRoundOps;
    x = halves_.data();
  }
  checked_ = true;
  return x;
}

void LinearInput::dense(const DenseMatrix& w, float* y, double& time_s) {
  const float* x = checked(w);
  const Stopwatch watch(time_s);
  engine_.dense(w, x, tokens_, y);
}

}  // namespace tern::models
