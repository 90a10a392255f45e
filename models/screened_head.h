// SPDX-License-Identifier: Apache-2.0
//
// The largest results of a large dense matrix, exactly, without reading all of it: a screen
// (kernels/screen/screen.h) bounds every row's result, and only rows whose bound reaches the k-th
// largest of results that are known are computed from the matrix itself.
//
//   1. coarse estimates and bounds of all rows (4.6 bits per weight)
//   2. the rows of the largest estimates, exactly: the k-th of them is the threshold
//   3. where many bounds reach it, those rows again with the second plane (2.6 bits more), and the
//      k largest of these estimates exactly: a better threshold
//   4. the rows whose bound reaches it, exactly

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/huge_buffer.h"
#include "kernels/screen/screen.h"
#include "kernels/thread_pool.h"
#include "models/dense_product.h"
#include "models/linear.h"

namespace tern::models {

class ScreenedHead {
 public:
  // Whether a screen of that matrix can be made, and pays.
  static bool fits(const DenseMatrix& w);

  // Borrows all. Throws std::runtime_error when the memory is not there.
  ScreenedHead(const DenseMatrix& w, const DenseProduct& product, kernels::Isa isa,
               kernels::ThreadPool& pool);

  // Results that include the k largest for x [cols], finite; of equal ones all. False, with no
  // results but the work done, where too many rows reach the threshold for this to be worth it.
  // Throws std::runtime_error where a mapped file no longer has the matrix.
  bool largest(const float* x, std::size_t k, LargestRows& out);

 private:
  void exact(const float* x, const std::vector<std::uint32_t>& rows, std::vector<float>& y);
  // The k-th largest exact result of seeds_.
  float kth_of(const float* x, std::size_t k, LargestRows::Work& work);
  // Of the n panels or rows with the largest estimates, one row each.
  void best_of_panels(std::size_t n, std::vector<std::uint32_t>& rows);
  void best_of(const std::vector<std::uint32_t>& among, std::size_t n,
               std::vector<std::uint32_t>& rows);
  // The rows whose bound reaches the threshold, ascending: of all, and of reaching_.
  void find_reaching(float threshold);
  void keep_reaching(float threshold);

  const DenseMatrix& w_;
  const DenseProduct& product_;
  const kernels::ScreenFns& run_;
  kernels::ThreadPool& pool_;
  kernels::ScreenLayout layout_;
  kernels::HugeBuffer coarse_, fine_;

  kernels::ScreenInput input_;
  std::vector<float> estimates_, bounds_;        // [rows of whole panels]
  std::vector<float> panel_most_;                // [panels]: largest estimate
  std::vector<std::uint32_t> seeds_, reaching_;  // rows
  std::vector<std::uint32_t> found_;             // [rows]: of each piece, from where it begins
  std::vector<std::size_t> counts_;              // [pieces]
  std::vector<std::pair<float, std::size_t>> best_;
  std::vector<float> seed_results_;
};

}  // namespace tern::models
