// SPDX-License-Identifier: Apache-2.0

#include "models/cpu_engine.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/check.h"
#include "kernels/dense/parallel.h"
#include "kernels/quantize.h"
#include "kernels/scratch.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

// Below some 20 us of work a product is done before another thread has woken.
constexpr std::size_t kParallelTernaryMacs = std::size_t{1} << 20;

// Tokens after the first among which repacking and the head's screen are shared out.
constexpr std::size_t kSlices = 8;

// Tokens that go by weights as they lie: more of them take longer than repacking.
constexpr std::size_t kFewTokens = 16;

// Keys, values and activations of a first text, and what huge pages are aligned by. Assumed.
constexpr std::size_t kAddressesBesides = std::size_t{32} << 20;

// Calls after a screen narrowed nothing down that go without it.
constexpr int kScreenPause = 15;

// Null where weights of that format must be repacked first.
const kernels::FileLayout* lies(const TernaryMatrix& w) {
  return kernels::file_layout(w.format == nullptr ? "i2_s" : w.format->name);
}

}  // namespace

CpuEngine::CpuEngine(kernels::Isa isa, kernels::ThreadPool& pool,
                     const kernels::ComputeLayout& layout)
    : isa_(isa),
      layout_(layout),
      ternary_{kernels::kernel_for(layout.kernels(), isa).run, layout.geometry},
      dense_(isa),
      pool_(pool) {
  TERN_CHECK(kernels::host_has(isa), "an engine for instructions that this host lacks");
}

void CpuEngine::reserve(std::span<const TernaryMatrix* const> matrices, const DenseMatrix& head) {
  std::size_t sum = 0;
  for (const TernaryMatrix* w : matrices) sum += bytes(*w) + kernels::kLineBytes;
  const std::string what = "the ternary weights in layout " + std::string(layout_.name);
  kernels::require_addresses(sum + ScreenedHead::bytes(head) + kAddressesBesides,
                             (what + " and a screen of the head").c_str());
  arena_.reserve(sum, what.c_str());
}

kernels::TernaryView CpuEngine::packed(const TernaryMatrix& w) {
  const std::uint8_t*& data = packed_[&w].data;
  if (data == nullptr) {
    const std::size_t bytes = ternary_.geometry.bytes(w.rows, w.cols);
    std::uint8_t* to = arena_.room(bytes, w.name.c_str());
    if (w.format == nullptr)
      kernels::repack(pool_, w.t2(), w.cols, w.name, layout_, to);
    else
      kernels::repack(pool_, *w.format, w.bytes, w.rows, w.cols, w.name, layout_, to);
    arena_.keep(bytes);  // now that nothing has been thrown
    data = to;
    if (w.mapped) drop_pages(w.bytes.data(), w.bytes.size());
  }
  return {data, w.rows, w.cols};
}

void CpuEngine::ternary(const TernaryMatrix& w, const TernaryInput& in, std::int32_t* acc) {
  const kernels::TernaryView view = packed(w);
  const std::size_t rows = w.rows;
  const auto part = [&](std::size_t begin, std::size_t end) {
    ternary_.run(view.slice(ternary_.geometry, begin, end), in.q, in.stride, in.tokens, acc + begin,
                 rows);
  };
  if (rows * w.cols * in.tokens < kParallelTernaryMacs)
    part(0, rows);
  else
    pool_.parallel_for(rows, ternary_.geometry.panel_rows, part);
}

void CpuEngine::as_it_lies(const kernels::FileLayout& layout, const TernaryTask& task,
                           const TernaryInput& in) {
  const TernaryMatrix& w = *task.w;
  const auto& kernel = kernels::kernel_for(layout.kernels(), isa_);
  std::atomic<bool> sound = true;
  const std::size_t apart = w.rows / layout.runs, row_bytes = layout.row_bytes(w.cols);
  constexpr std::size_t kRows = 32;  // that stay in L1 while tokens pass; lines of results
  const auto part = [&](std::size_t begin, std::size_t end) {
    std::int32_t sums[kernels::kMostRuns * kRows];
    for (std::size_t r = begin; r < end; r += kRows) {
      const std::size_t n = std::min(kRows, end - r);
      const kernels::FileRows rows = {w.bytes.data() + r * row_bytes, n, w.cols};
      for (std::size_t t = 0; t < in.tokens; ++t) {
        if (!kernel.run(rows, in.q + t * in.stride, sums, kRows)) sound = false;
        for (std::size_t i = 0; i < layout.runs; ++i)
          kernels::dequantize(sums + i * kRows, n, w.gamma, in.scales[t],
                              task.y + t * w.rows + i * apart + r, task.accumulate);
      }
    }
  };
  kernels::parallel_for_if(w.rows * w.cols >= kParallelTernaryMacs, &pool_, apart, kRows, part);
  if (!sound)
    throw std::runtime_error(w.name + ": its weights have changed since the file was opened");
}

void CpuEngine::ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in) {
  const auto never_met = [&](const TernaryTask& task) {
    return lies(*task.w) != nullptr && !packed_.contains(task.w);
  };
  const bool few = in.tokens <= kFewTokens;
  if (few && std::all_of(tasks.begin(), tasks.end(), never_met)) {
    const std::size_t until = 1 + groups_put_off_++ % kSlices;
    for (const TernaryTask& task : tasks) packed_[task.w].until = until;
  }
  linears_.clear();
  for (const TernaryTask& task : tasks) {
    Packed& p = packed_[task.w];
    if (few && p.data == nullptr && p.put_off < p.until) {
      ++p.put_off;
      as_it_lies(*lies(*task.w), task, in);
      continue;
    }
    linears_.push_back({packed(*task.w), task.w->gamma, task.y, task.w->rows, task.accumulate});
  }
  if (!linears_.empty())
    kernels::ternary_linears(pool_, ternary_, linears_, in.q, in.stride, in.scales, in.tokens);
}

void CpuEngine::settle() {
  for (const auto& [w, p] : packed_)
    if (p.data == nullptr) packed(*w);
  if (screened_ != nullptr && ScreenedHead::fits(*screened_)) grow_screen(screened_->rows);
}

void CpuEngine::grow_screen(std::size_t rows) {
  if (screen_ == nullptr && !no_screen_) try {
      screen_ = std::make_unique<ScreenedHead>(*screened_, dense_, isa_, pool_);
    } catch (const std::runtime_error&) {
      no_screen_ = true;
    }
  if (screen_ != nullptr && !screen_->complete()) screen_->grow(rows);
}

void CpuEngine::dense(const DenseMatrix& w, const float* x, std::size_t tokens, float* y) {
  const auto rows = [&](std::size_t first, std::size_t n) {
    const auto part = [&](std::size_t begin, std::size_t end) {
      dense_.rows(w, first + begin, first + end, x, tokens, y + first + begin, w.rows);
    };
    kernels::parallel_for_if(n * w.cols * tokens >= kernels::kMatmulMinParallelMacs, &pool_, n,
                             kernels::kMatmulRowGrain, part);
  };
  if (screen_ == nullptr || screened_ != &w || !w.mapped) return rows(0, w.rows);
  // The screen has taken the matrix's place in memory: it passes through in parts.
  constexpr std::size_t kRows = 8192;
  for (std::size_t r = 0; r < w.rows; r += kRows) {
    const std::size_t n = std::min(kRows, w.rows - r);
    rows(r, n);
    drop_pages(w.data + r * w.row_bytes(), n * w.row_bytes());
  }
}

bool CpuEngine::largest(const DenseMatrix& w, const float* x, std::size_t k, LargestRows& out) {
  if (screened_ != &w) {
    // Once, the matrix itself is read sooner than a screen of it is made.
    screened_ = &w;
    screen_.reset();
    no_screen_ = false;
    return false;
  }
  if (!ScreenedHead::fits(w)) return false;
  grow_screen((w.rows + kSlices - 1) / kSlices);
  if (screen_ == nullptr) return false;
  if (screen_pause_ > 0) {
    --screen_pause_;
    return false;
  }
  const bool done = screen_->largest(x, k, out);
  // In vain: likely so for the next tokens as well. Too large a k says nothing of them.
  if (!done && out.work.bytes != 0) screen_pause_ = kScreenPause;
  return done;
}

}  // namespace tern::models
