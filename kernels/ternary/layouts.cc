// SPDX-License-Identifier: Apache-2.0

#include "kernels/ternary/layouts.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

#include "kernels/quantize.h"
#include "kernels/ternary/lut.h"
#include "kernels/ternary/panels.h"

namespace tern::kernels {
namespace {

constexpr std::array kLayouts = {
    ComputeLayout{"t2p", kT2p, matmul_t2p_kernels},
    ComputeLayout{"t5p", kT5p, matmul_t5p_kernels},
    ComputeLayout{"lut2", kLut2Geometry, matmul_lut2_kernels},
    ComputeLayout{"lut3", kLut3Geometry, matmul_lut3_kernels},
};

// Trits of a run of rows on their way from one layout to the other stay in the L2 cache.
constexpr std::size_t kRunBytes = std::size_t{1} << 18;

std::size_t rows_of_run(std::size_t unit, std::size_t cols) {
  return std::max<std::size_t>(1, kRunBytes / (cols * unit)) * unit;
}

struct Run {
  FormatProblem problem;
  float scale = 0;
};

}  // namespace

std::span<const ComputeLayout> compute_layouts() noexcept { return kLayouts; }

const ComputeLayout& compute_layout(std::string_view name) {
  std::string names;
  for (const ComputeLayout& layout : kLayouts) {
    if (layout.name == name) return layout;
    names += (names.empty() ? "" : ", ") + std::string(layout.name);
  }
  throw std::runtime_error("no compute layout '" + std::string(name) + "', expected one of " +
                           names);
}

const ComputeLayout& fastest_layout(Isa isa) {
  return compute_layout(contains(isa, Isa::kAvx512Vbmi) ? "t5p" : "t2p");
}

float repack(ThreadPool& pool, const TernaryFormat& from, std::span<const std::uint8_t> bytes,
             std::size_t rows, std::size_t cols, const std::string& tensor, const ComputeLayout& to,
             std::uint8_t* out) {
  check_bytes(from, bytes.size(), rows, cols, tensor);
  if (cols > kMaxCols)
    throw std::runtime_error(tensor + ": has " + std::to_string(cols) +
                             " columns, of which kernels take at most " + std::to_string(kMaxCols));
  const TernaryFormat& target = ternary_format(to.name);
  const std::size_t unit = std::lcm(to.geometry.panel_rows, from.row_multiple);
  const std::size_t run_rows = rows_of_run(unit, cols);
  std::vector<Run> runs((rows + run_rows - 1) / run_rows);
  const auto part = [&](std::size_t first, std::size_t last) {
    thread_local std::vector<std::int8_t> trits;
    trits.resize(run_rows * cols);
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t begin = i * run_rows, end = std::min(rows, begin + run_rows);
      runs[i].problem =
          from.unpack(bytes.data(), rows, cols, begin, end, trits.data(), &runs[i].scale);
      if (runs[i].problem) return;
      target.pack(trits.data(), end - begin, cols, 1.0f,
                  out + begin / to.geometry.panel_rows * to.geometry.panel_bytes(cols));
    }
  };
  pool.parallel_for(runs.size(), 1, std::cref(part));

  float scale = 0;  // of the runs so far; 0 while all were zeros
  for (std::size_t i = 0; i < runs.size(); ++i) {
    FormatProblem problem = runs[i].problem;
    if (!problem && scale != 0 && runs[i].scale != 0 && runs[i].scale != scale)
      problem = {FormatProblem::Kind::kMixedScales, i * run_rows * cols,
                 static_cast<double>(runs[i].scale)};
    if (problem) throw_problem(from, problem, scale != 0 ? scale : runs[i].scale, cols, tensor);
    if (runs[i].scale != 0) scale = runs[i].scale;
  }
  return from.has_scale && scale == 0 ? kScaleFloor : scale;
}

void repack(ThreadPool& pool, const T2View& from, std::size_t cols, const std::string& tensor,
            const ComputeLayout& to, std::uint8_t* out) {
  const TernaryFormat& target = ternary_format(to.name);
  const std::size_t run_rows = rows_of_run(to.geometry.panel_rows, cols);
  // The first illegal weight of each run, or none.
  std::vector<std::optional<std::size_t>> bad((from.rows + run_rows - 1) / run_rows);
  const auto part = [&](std::size_t first, std::size_t last) {
    thread_local std::vector<std::int8_t> trits;
    trits.resize(run_rows * cols);
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t r0 = i * run_rows, rows = std::min(run_rows, from.rows - r0);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t legal =
            unpack_t2(from.data + (r0 + r) * from.row_bytes(), cols, trits.data() + r * cols);
        if (legal == cols) continue;
        bad[i] = (r0 + r) * cols + legal;
        return;
      }
      target.pack(trits.data(), rows, cols, 1.0f,
                  out + r0 / to.geometry.panel_rows * to.geometry.panel_bytes(cols));
    }
  };
  pool.parallel_for(bad.size(), 1, std::cref(part));
  for (const std::optional<std::size_t>& index : bad)
    if (index)
      throw_problem(ternary_format("i2_s"), {FormatProblem::Kind::kIllegalCode, *index}, 0, cols,
                    tensor);
}

}  // namespace tern::kernels
