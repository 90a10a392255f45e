// SPDX-License-Identifier: Apache-2.0
//
// The largest results of a large dense matrix, exactly, without reading all of it: a screen
// (kernels/screen/screen.h) bounds every row's result, and only rows whose bound reaches the k-th
// largest of results that are known are computed from the matrix itself.
//
//   1. coarse estimates and bounds of all rows (5.3 bits per weight)
//   2. the rows of the largest estimates, exactly: the k-th of them is the threshold
//   3. the rows whose bound reaches it with the second plane (2.4 bits more), and the largest of
//      these estimates exactly: a better threshold
//   4. the rows whose bound reaches it, exactly
//
// A screen grows row by row: those it has not yet are computed, and raise the threshold.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
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
  // Of the whole screen; 0 where none fits.
  static std::size_t bytes(const DenseMatrix& w);

  // Borrows all. Of no row yet. Throws std::runtime_error when the memory is not there.
  ScreenedHead(const DenseMatrix& w, const DenseProduct& product, kernels::Isa isa,
               kernels::ThreadPool& pool);

  // Takes so many rows more into the screen, rounded up to whole panels. Those of a mapped file are
  // given back.
  void grow(std::size_t rows);
  bool complete() const { return panels_ == layout_.panels(); }

  // Results that include the k largest for x [cols], finite; of equal ones all. False, with no
  // results but the work done, where too many rows reach the threshold for this to be worth it.
  // Throws std::runtime_error where a mapped file no longer has the matrix.
  bool largest(const float* x, std::size_t k, LargestRows& out);

 private:
  // In the screen: the first so many. The others are read as they are.
  std::size_t screened() const { return std::min(panels_ * kernels::kScreenRows, layout_.rows); }
  void exact(const float* x, const std::vector<std::uint32_t>& rows, std::vector<float>& y);
  // The k-th largest exact result of seeds_.
  float kth_of(const float* x, std::size_t k, LargestRows::Work& work);
  // The k-th largest result of the rows that are not in the screen, to others_; -infinity where
  // they are fewer.
  float kth_of_others(const float* x, std::size_t k, LargestRows::Work& work);
  // Rows of the n largest estimates: of all, one of each panel; of those in reaching_.
  void best_of_panels(std::size_t n, std::vector<std::uint32_t>& rows);
  void best_reaching(std::size_t n, std::vector<std::uint32_t>& rows);
  // To reaching_, ascending, the rows whose bound reaches the threshold, and of them estimates and
  // bounds by the second plane as well.
  void look_again(const kernels::Screen& screen, float threshold);
  // Of reaching_ only the rows whose bound reaches the threshold.
  void keep_reaching(float threshold);

  const DenseMatrix& w_;
  const DenseProduct& product_;
  const kernels::ScreenFns& run_;
  kernels::ThreadPool& pool_;
  kernels::ScreenLayout layout_;
  kernels::HugeBuffer coarse_, fine_;
  std::size_t panels_ = 0;  // that are made

  kernels::ScreenInput input_;
  std::vector<float> estimates_, bounds_;        // [rows of whole panels]
  std::vector<float> panel_most_, panel_bound_;  // [panels]: largest estimate, largest bound
  std::vector<std::uint32_t> seeds_, reaching_;  // rows
  std::vector<std::uint32_t> found_;             // [rows]: of each part, from where it begins
  std::vector<std::size_t> counts_;              // of the part that begins there
  std::vector<std::pair<float, std::size_t>> best_;
  std::vector<float> seed_results_;
  std::vector<float> others_;
};

}  // namespace tern::models
