// SPDX-License-Identifier: Apache-2.0

#include "models/screened_head.h"

#include <algorithm>
#include <functional>

#include "models/whole_file.h"

namespace tern::models {
namespace {

// Below this a head is read in a few microseconds as it is.
constexpr std::size_t kWorthwhile = std::size_t{1} << 22;  // weights

// Rows which it is cheaper to compute at once than to look at again: single rows are read at about
// half the speed of a stream, and have 6 times the bytes of a fine row (f16).
constexpr std::size_t kFewRows = 512;

constexpr std::size_t kPanelGrain = 64;  // 1,024 rows

// A row that is read of a mapped file takes memory for all that the system maps around it, 64 KB
// to 2 MB: after so many the memory is given back.
constexpr std::size_t kRowsToDrop = 256;

// The k largest of key(i), i < n, k <= n, as a heap: one comparison for most of n.
template <typename Key>
void best_k(std::size_t n, std::size_t k, const Key& key,
            std::vector<std::pair<float, std::size_t>>& best) {
  best.clear();
  for (std::size_t i = 0; i < n; ++i) {
    if (best.size() == k) {
      if (!(key(i) > best.front().first)) continue;
      std::pop_heap(best.begin(), best.end(), std::greater<>());
      best.back() = {key(i), i};
    } else {
      best.emplace_back(key(i), i);
    }
    std::push_heap(best.begin(), best.end(), std::greater<>());
  }
}

}  // namespace

bool ScreenedHead::fits(const DenseMatrix& w) {
  return w.cols % kernels::kScreenGroup == 0 && w.rows * w.cols >= kWorthwhile &&
         w.rows < 0xFFFFFFFFu;
}

ScreenedHead::ScreenedHead(const DenseMatrix& w, const DenseProduct& product, kernels::Isa isa,
                           kernels::ThreadPool& pool)
    : w_(w),
      product_(product),
      run_(*kernels::kernel_for(kernels::screen_kernels(), isa).run),
      pool_(pool),
      layout_{w.rows, w.cols} {
  using Pages = kernels::HugeBuffer::Pages;
  drop();  // before as much is asked for
  coarse_ = kernels::HugeBuffer(layout_.coarse_bytes(), Pages::kHuge, pool, "screen of the head");
  fine_ = kernels::HugeBuffer(layout_.fine_bytes(), Pages::kHuge, pool, "screen of the head");
  const auto panels = [&](std::size_t begin, std::size_t end) {
    std::vector<float> rows(kernels::kScreenRows * w.cols);
    std::size_t dropped = begin;
    for (std::size_t p = begin; p < end; ++p) {
      if (w.mapped && p - dropped >= kPanelGrain) {
        drop_pages(w.data + dropped * kernels::kScreenRows * w.row_bytes(),
                   (p - dropped) * kernels::kScreenRows * w.row_bytes());
        dropped = p;
      }
      const std::size_t first = p * kernels::kScreenRows;
      const std::size_t n = std::min(kernels::kScreenRows, w.rows - first);
      w.format->unpack(w.data + first * w.row_bytes(), n * w.cols, rows.data());
      run_.pack(layout_, rows.data(), n, coarse_.data() + p * layout_.panel_bytes(),
                fine_.data() + first * layout_.fine_row_bytes());
    }
  };
  pool.parallel_for(layout_.panels(), 1, panels);
  drop();
  estimates_.resize(layout_.panels() * kernels::kScreenRows);
  bounds_.resize(estimates_.size());
  panel_most_.resize(layout_.panels());
}

void ScreenedHead::drop() {
  if (w_.mapped) drop_pages(w_.data, w_.bytes());
  exact_rows_ = 0;
}

void ScreenedHead::exact(const float* x, const std::vector<std::uint32_t>& rows,
                         std::vector<float>& y) {
  y.resize(rows.size());
  pool_.parallel_for(rows.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (i + 1 < end)
        for (std::size_t at = 0; at < w_.row_bytes(); at += 64)
          __builtin_prefetch(w_.data + rows[i + 1] * w_.row_bytes() + at, 0, 2);
      product_.rows(w_, rows[i], rows[i] + 1, x, 1, y.data() + i, 1);
    }
  });
  exact_rows_ += rows.size();
  if (exact_rows_ >= kRowsToDrop) drop();
}

void ScreenedHead::best_of_panels(std::size_t k, std::vector<std::uint32_t>& rows) {
  best_k(
      layout_.panels(), k, [&](std::size_t p) { return panel_most_[p]; }, best_);
  rows.clear();
  for (const auto& [most, panel] : best_) {
    const std::size_t first = panel * kernels::kScreenRows;
    const std::size_t end = std::min(first + kernels::kScreenRows, layout_.rows);
    const auto* at = std::max_element(estimates_.data() + first, estimates_.data() + end);
    rows.push_back(static_cast<std::uint32_t>(at - estimates_.data()));
  }
}

void ScreenedHead::best_of(const std::vector<std::uint32_t>& among, std::size_t k,
                           std::vector<std::uint32_t>& rows) {
  best_k(
      among.size(), k, [&](std::size_t i) { return estimates_[among[i]]; }, best_);
  rows.clear();
  for (const auto& [most, i] : best_) rows.push_back(among[i]);
}

float ScreenedHead::kth_of(const float* x, std::size_t k, LargestRows::Work& work) {
  exact(x, seeds_, seed_results_);
  work.exact_rows += seeds_.size();
  const auto kth = seed_results_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(seed_results_.begin(), kth, seed_results_.end(), std::greater<>());
  return *kth;
}

bool ScreenedHead::largest(const float* x, std::size_t k, LargestRows& out) {
  if (k == 0 || k > layout_.panels()) return false;
  const kernels::Screen screen{layout_, coarse_.data(), fine_.data()};
  input_.set(x, layout_.cols);
  pool_.parallel_for(layout_.panels(), kPanelGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; p += kPanelGrain) {
      const std::size_t last = std::min(end, p + kPanelGrain);
      run_.coarse(screen, input_, p, last, estimates_.data(), bounds_.data());
      for (std::size_t i = p; i < last; ++i) {
        const std::size_t first = i * kernels::kScreenRows;
        const std::size_t rows = std::min(kernels::kScreenRows, layout_.rows - first);
        float most = estimates_[first];
        for (std::size_t r = 1; r < rows; ++r) most = std::max(most, estimates_[first + r]);
        panel_most_[i] = most;
      }
    }
  });
  LargestRows::Work work;
  work.bytes = layout_.coarse_bytes();

  best_of_panels(k, seeds_);
  float threshold = kth_of(x, k, work);
  reaching_.clear();
  for (std::size_t r = 0; r < layout_.rows; ++r)
    if (!(bounds_[r] < threshold)) reaching_.push_back(static_cast<std::uint32_t>(r));

  if (reaching_.size() > k + kFewRows) {
    pool_.parallel_for(reaching_.size(), 64, [&](std::size_t begin, std::size_t end) {
      run_.fine(screen, input_, std::span(reaching_).subspan(begin, end - begin), estimates_.data(),
                bounds_.data());
    });
    work.fine_rows = reaching_.size();
    best_of(reaching_, k, seeds_);
    threshold = std::max(threshold, kth_of(x, k, work));
    std::erase_if(reaching_, [&](std::uint32_t r) { return bounds_[r] < threshold; });
    if (reaching_.size() > layout_.rows / 8) return false;
  }
  exact(x, reaching_, out.results);
  out.rows = reaching_;
  work.exact_rows += reaching_.size();
  work.bytes += work.fine_rows * layout_.fine_row_bytes() + work.exact_rows * w_.row_bytes();
  out.work = work;
  return true;
}

}  // namespace tern::models
