// SPDX-License-Identifier: Apache-2.0

#include "models/screened_head.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "kernels/dense/parallel.h"
#include "kernels/scratch.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

// Below this a head is read in a few microseconds as it is.
constexpr std::size_t kWorthwhile = std::size_t{1} << 22;  // weights

constexpr std::size_t kPanelGrain = 64;  // 1,024 rows

// Results that are known before bounds are compared: more of them give a better threshold (8 for 1,
// by 4-bit codes: 18 % fewer rows to look at again), and take a few microseconds.
constexpr std::size_t kSeeds = 8;

constexpr std::size_t kExactRows = 16;  // that are fetched before they are computed, in L1 and L2
constexpr std::size_t kExactGrain = 4;

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

std::size_t ScreenedHead::bytes(const DenseMatrix& w) {
  const kernels::ScreenLayout layout{w.rows, w.cols};
  return fits(w) ? layout.coarse_bytes() + layout.fine_bytes() : 0;
}

ScreenedHead::ScreenedHead(const DenseMatrix& w, const DenseProduct& product, kernels::Isa isa,
                           kernels::ThreadPool& pool)
    : w_(w),
      product_(product),
      run_(*kernels::kernel_for(kernels::screen_kernels(), isa).run),
      pool_(pool),
      layout_{w.rows, w.cols} {
  const char* what = "screen of the head";
  kernels::require_memory(bytes(w), what);
  coarse_ = kernels::HugeBuffer::untouched(layout_.coarse_bytes(), what);
  fine_ = kernels::HugeBuffer::untouched(layout_.fine_bytes(), what);
  estimates_.resize(layout_.panels() * kernels::kScreenRows);
  bounds_.resize(estimates_.size());
  panel_most_.resize(layout_.panels());
  panel_bound_.resize(layout_.panels());
  found_.resize(layout_.rows);
  counts_.resize((layout_.panels() + kPanelGrain - 1) / kPanelGrain);
}

void ScreenedHead::grow(std::size_t rows) {
  const std::size_t begin_at = panels_;
  panels_ = std::min(begin_at + (rows + kernels::kScreenRows - 1) / kernels::kScreenRows,
                     layout_.panels());
  const auto drop = [&](std::size_t begin, std::size_t end) {  // the screen takes their place
    const std::size_t last = std::min(end * kernels::kScreenRows, w_.rows);
    if (w_.mapped)
      drop_pages(w_.data + begin * kernels::kScreenRows * w_.row_bytes(),
                 (last - begin * kernels::kScreenRows) * w_.row_bytes());
  };
  pool_.parallel_for(panels_ - begin_at, 1, [&](std::size_t begin, std::size_t end) {
    std::vector<float> floats(kernels::kScreenRows * w_.cols);
    std::size_t dropped = begin_at + begin;
    for (std::size_t p = begin_at + begin; p < begin_at + end; ++p) {
      if (p - dropped >= kPanelGrain) {
        drop(dropped, p);
        dropped = p;
      }
      const std::size_t first = p * kernels::kScreenRows;
      const std::size_t n = std::min(kernels::kScreenRows, w_.rows - first);
      w_.format->unpack(w_.data + first * w_.row_bytes(), n * w_.cols, floats.data());
      run_.pack(layout_, floats.data(), n, coarse_.data() + p * layout_.panel_bytes(),
                fine_.data() + first * layout_.fine_row_bytes());
    }
  });
  drop(begin_at, panels_);
}

void ScreenedHead::exact(const float* x, const std::vector<std::uint32_t>& rows,
                         std::vector<float>& y) {
  y.resize(rows.size());
  const std::size_t row_bytes = w_.row_bytes();
  std::atomic<bool> there = true;
  pool_.parallel_for(rows.size(), kExactGrain, [&](std::size_t begin, std::size_t end) {
    thread_local kernels::Scratch scratch;
    auto* fetched = scratch.room<std::uint8_t>(kExactRows * row_bytes);
    for (std::size_t first = begin; first < end; first += kExactRows) {
      const std::size_t n = std::min(kExactRows, end - first);
      for (std::size_t i = 0; i < n; ++i)
        if (!copy_bytes(w_.data + rows[first + i] * row_bytes, row_bytes, fetched + i * row_bytes))
          there = false;
      if (!there) return;
      const DenseMatrix some{{}, n, w_.cols, w_.format, fetched};
      product_.rows(some, 0, n, x, 1, y.data() + first, n);
    }
  });
  if (!there)
    throw std::runtime_error(w_.name + ": its file has become shorter since it was opened");
}

void ScreenedHead::look_again(const kernels::Screen& screen, float threshold) {
  std::fill(counts_.begin(), counts_.end(), 0);
  pool_.parallel_for(panels_, kPanelGrain, [&](std::size_t begin, std::size_t end) {
    const std::span<std::uint32_t> room(found_.begin() + begin * kernels::kScreenRows,
                                        found_.end());
    std::size_t n = 0;
    for (std::size_t p = begin; p < end; ++p) {
      if (panel_bound_[p] < threshold) continue;
      const std::size_t first = p * kernels::kScreenRows;
      const std::size_t last = std::min(first + kernels::kScreenRows, screened());
      for (std::size_t r = first; r < last; ++r) {  // no branch: any row may reach
        room[n] = static_cast<std::uint32_t>(r);
        n += static_cast<std::size_t>(!(bounds_[r] < threshold));
      }
    }
    run_.fine(screen, input_, room.first(n), estimates_.data(), bounds_.data());
    counts_[begin / kPanelGrain] = n;
  });
  reaching_.clear();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const auto from =
        found_.begin() + static_cast<std::ptrdiff_t>(i * kPanelGrain * kernels::kScreenRows);
    reaching_.insert(reaching_.end(), from, from + static_cast<std::ptrdiff_t>(counts_[i]));
  }
}

void ScreenedHead::keep_reaching(float threshold) {
  std::erase_if(reaching_, [&](std::uint32_t r) { return bounds_[r] < threshold; });
}

void ScreenedHead::best_of_panels(std::size_t n, std::vector<std::uint32_t>& rows) {
  best_k(
      panels_, n, [&](std::size_t p) { return panel_most_[p]; }, best_);
  rows.clear();
  for (const auto& [most, panel] : best_) {
    const std::size_t first = panel * kernels::kScreenRows;
    const std::size_t end = std::min(first + kernels::kScreenRows, screened());
    const auto* at = std::max_element(estimates_.data() + first, estimates_.data() + end);
    rows.push_back(static_cast<std::uint32_t>(at - estimates_.data()));
  }
}

void ScreenedHead::best_reaching(std::size_t n, std::vector<std::uint32_t>& rows) {
  best_k(
      reaching_.size(), n, [&](std::size_t i) { return estimates_[reaching_[i]]; }, best_);
  rows.clear();
  for (const auto& [most, i] : best_) rows.push_back(reaching_[i]);
}

float ScreenedHead::kth_of(const float* x, std::size_t k, LargestRows::Work& work) {
  exact(x, seeds_, seed_results_);
  work.exact_rows += seeds_.size();
  work.bytes += seeds_.size() * w_.row_bytes();
  const auto kth = seed_results_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(seed_results_.begin(), kth, seed_results_.end(), std::greater<>());
  return *kth;
}

float ScreenedHead::kth_of_others(const float* x, std::size_t k, LargestRows::Work& work) {
  others_.resize(layout_.rows - screened());
  pool_.parallel_for(others_.size(), kernels::kMatmulRowGrain,
                     [&](std::size_t begin, std::size_t end) {
                       product_.rows(w_, screened() + begin, screened() + end, x, 1,
                                     others_.data() + begin, others_.size());
                     });
  work.exact_rows += others_.size();
  work.bytes += others_.size() * w_.row_bytes();
  if (others_.size() < k) return -INFINITY;
  best_k(
      others_.size(), k, [&](std::size_t i) { return others_[i]; }, best_);
  return best_.front().first;
}

bool ScreenedHead::largest(const float* x, std::size_t k, LargestRows& out) {
  out.rows.clear();
  out.results.clear();
  out.work = {};
  if (k == 0 || k > panels_) return false;
  const kernels::Screen screen{layout_, coarse_.data(), fine_.data()};
  input_.set(x, layout_.cols);
  pool_.parallel_for(panels_, kPanelGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t p = begin; p < end; p += kPanelGrain) {
      const std::size_t last = std::min(end, p + kPanelGrain);
      run_.coarse(screen, input_, p, last, estimates_.data(), bounds_.data());
      for (std::size_t i = p; i < last; ++i) {
        const std::size_t first = i * kernels::kScreenRows;
        const std::size_t rows = std::min(kernels::kScreenRows, screened() - first);
        float most = estimates_[first], bound = -INFINITY;
        for (std::size_t r = first; r < first + rows; ++r) {
          most = std::max(most, estimates_[r]);
          bound = std::max(bound, std::isnan(bounds_[r]) ? INFINITY : bounds_[r]);
        }
        panel_most_[i] = most;
        panel_bound_[i] = bound;
      }
    }
  });
  LargestRows::Work& work = out.work;
  work.bytes = panels_ * layout_.panel_bytes();

  best_of_panels(std::min(std::max(k, kSeeds), panels_), seeds_);
  float threshold = std::max(kth_of(x, k, work), kth_of_others(x, k, work));
  look_again(screen, threshold);
  work.fine_rows = reaching_.size();
  work.bytes += work.fine_rows * layout_.fine_row_bytes();
  if (reaching_.size() >= k) {
    best_reaching(k, seeds_);
    threshold = std::max(threshold, kth_of(x, k, work));
  }
  keep_reaching(threshold);
  if (reaching_.size() > screened() / 8) return false;
  exact(x, reaching_, out.results);
  out.rows = reaching_;
  for (std::size_t i = 0; i < others_.size(); ++i)
    if (others_[i] >= threshold) {
      out.rows.push_back(static_cast<std::uint32_t>(screened() + i));
      out.results.push_back(others_[i]);
    }
  work.exact_rows += reaching_.size();
  work.bytes += reaching_.size() * w_.row_bytes();
  return true;
}

}  // namespace tern::models
