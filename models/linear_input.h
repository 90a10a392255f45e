// SPDX-License-Identifier: Apache-2.0
//
// Activations on their way into linears: normed and quantised to int8 per token for ternary
// matrices, as they are or rounded to binary16 for dense ones, each at most once however many
// matrices share the input.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernels/norm_quantize.h"
#include "kernels/scratch.h"
#include "kernels/thread_pool.h"
#include "models/linear.h"
#include "models/model.h"
#include "models/step_counts.h"
#include "models/step_times.h"
#include "models/vector_ops.h"

namespace tern::models {

// Elements from which on it pays to wake another thread for work on vectors.
inline constexpr std::size_t kParallelElements = std::size_t{1} << 16;

// What dense matrices multiply.
enum class DenseInputs : std::uint8_t {
  kFloat32,   // the activations as they are
  kBinary16,  // rounded, as the simulated FP16 machine takes them
};

class LinearInput {
 public:
  // Borrows all references and the pool, which may be null: one thread.
  LinearInput(LinearEngine& engine, const VectorOps& ops, StepCounts& counts, StepTimes& times,
              DenseInputs inputs, kernels::ThreadPool* pool)
      : engine_(engine),
        ops_(ops),
        counts_(counts),
        times_(times),
        inputs_(inputs),
        pool_(pool),
        norm_quantize_(kernels::kernel_for(kernels::norm_quantize_kernels(), ops.isa).run),
        quantize_(kernels::kernel_for(kernels::quantize_kernels(), ops.isa).run) {}

  // x [tokens, cols], borrowed until the next set(). `what` names it where a value is not finite.
  void set(const float* x, std::size_t tokens, std::size_t cols, const std::string& what);
  // The same for the RMSNorm of x with that weight [cols], which is not computed where it is not
  // needed as floats. Both are borrowed.
  void set_normed(const float* x, std::size_t tokens, const std::vector<float>& weight, float eps,
                  const std::string& what);

  // The same for the RMSNorm, or where `norm` is null the values themselves, of gate(g, u): a row
  // at a time, so that they never lie in memory where they are quantised.
  //   g, u  [tokens, cols], borrowed
  using Gate = void (*)(const float* g, const float* u, std::size_t n, float* y) noexcept;
  void set_gated(Gate gate, const float* g, const float* u, std::size_t tokens, std::size_t cols,
                 const std::vector<float>* norm, float eps, const std::string& what);

  // Each w times the input, in one dispatch where they are ternary; y [tokens, rows of w]. Throws
  // std::runtime_error, with the name of the input, when it holds a value that is not finite.
  struct Target {
    const Linear* w;
    float* y;
  };
  void times(std::initializer_list<Target> targets) { times(targets, false); }
  // y += w times the input.
  void add_times(const Linear& w, float* y) { times({{&w, y}}, true); }
  // The head, which is counted apart. largest: as LinearEngine, of one token.
  bool largest_of_head(const DenseMatrix& w, std::size_t k, LargestRows& out);
  void times_head(const DenseMatrix& w, float* y);

 private:
  void times(std::initializer_list<Target> targets, bool accumulate);
  TernaryInput quantized();
  void by_tokens(const std::function<void(std::size_t, std::size_t)>& body);
  const float* floats();
  // What dense matrices multiply, found finite.
  const float* checked(const DenseMatrix& w);
  void dense(const DenseMatrix& w, float* y, double& time_s);
  [[noreturn]] void not_finite() const;

  LinearEngine& engine_;
  const VectorOps& ops_;
  StepCounts& counts_;
  StepTimes& times_;
  DenseInputs inputs_;
  kernels::ThreadPool* pool_;

  kernels::NormQuantizeFn* norm_quantize_;
  kernels::QuantizeFn* quantize_;

  std::string what_;
  const float* x_ = nullptr;
  Gate gate_ = nullptr;  // null: x as it is
  const float *g_ = nullptr, *u_ = nullptr;
  const std::vector<float>* norm_ = nullptr;  // null: x as it is
  float eps_ = 0;
  std::size_t tokens_ = 0, cols_ = 0;
  bool quantized_ = false, normed_done_ = false, checked_ = false;
  std::int8_t* q_ = nullptr;    // [tokens, ternary_stride], in q_block_
  kernels::Scratch q_block_;    // whole lines, which AMX tiles load twice as fast
  std::vector<float> scales_;   // [tokens]
  std::vector<float> gated_;    // [tokens, cols]
  std::vector<float> normed_;   // [tokens, cols]
  std::vector<float> halves_;   // [tokens, cols]
  std::vector<float> product_;  // [tokens, rows], of a dense matrix that is to be added
  std::vector<TernaryTask> tasks_;
};

}  // namespace tern::models
