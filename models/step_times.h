// SPDX-License-Identifier: Apache-2.0
//
// Where the time of forward passes went. The parts leave a few percent that is in none of them:
// embeddings, buffers, the calls themselves.

#pragma once

#include <chrono>

namespace tern::models {

struct StepTimes {
  double linears_s = 0;    // products of the layers, dequantised
  double head_s = 0;       // its norm and products, screened or not
  double quantize_s = 0;   // gates, norms and quantisation of the linears' inputs
  double cache_s = 0;      // RoPE, and keys and values into the cache
  double attention_s = 0;  // scores, softmax, averages
  double total_s = 0;
};

// Adds the time from its construction to its end.
class Stopwatch {
 public:
  explicit Stopwatch(double& sum) : sum_(sum) {}
  ~Stopwatch() {
    sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& sum_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace tern::models
