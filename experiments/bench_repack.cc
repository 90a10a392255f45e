// SPDX-License-Identifier: Apache-2.0
//
// tern bench repack: how long weights of every file format take into every compute layout, at the
// size of a real model.

#include "experiments/bench_repack.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <span>
#include <vector>

#include "experiments/output.h"
#include "experiments/provenance.h"
#include "kernels/huge_buffer.h"
#include "kernels/roofline/limits.h"
#include "kernels/ternary/layouts.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

// FFN matrices of 2B4T, whose columns every format takes.
constexpr std::size_t kRows = 6912, kCols = 2560;

// As an engine does it: each matrix, read from a place of its own, into memory that is asked for
// then and kept.
//   used  gets the CPU seconds of this process as well
double repack_all(kernels::ThreadPool& pool, const kernels::TernaryFormat& from,
                  std::span<const std::uint8_t> model, const kernels::ComputeLayout& to,
                  std::size_t matrices, kernels::CpuTime& used) {
  using Clock = std::chrono::steady_clock;
  const std::size_t bytes = model.size() / matrices;
  std::vector<kernels::HugeBuffer> out;
  out.reserve(matrices);
  const auto start = Clock::now();
  const std::clock_t cpu = std::clock();
  for (std::size_t i = 0; i < matrices; ++i) {
    out.emplace_back(to.geometry.bytes(kRows, kCols), kernels::HugeBuffer::Pages::kHuge, pool,
                     "repacked weights");
    kernels::repack(pool, from, model.subspan(i * bytes, bytes), kRows, kCols,
                    "matrix " + std::to_string(i), to, out.back().data());
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  used.cpu_s += static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  used.wall_s += seconds;
  return seconds;
}

bool in_files(const kernels::TernaryFormat& f) { return f.file_type != "compute only"; }

// The largest of both kinds at once.
void require_memory_for(std::size_t matrices) {
  std::size_t from = 0, to = 0;
  for (const kernels::TernaryFormat& f : kernels::ternary_formats())
    (in_files(f) ? from : to) = std::max(in_files(f) ? from : to, f.bytes(kRows, kCols));
  kernels::require_memory(matrices * (from + to), "the weights of --weights");
}

}  // namespace

void bench_repack(const RepackOptions& o) {
  check_threads(o.threads);
  if (!o.json.empty()) models::check_writable(o.json);
  const std::size_t matrices = (o.weights + kRows * kCols - 1) / (kRows * kCols);
  require_memory_for(matrices);
  const double weights = static_cast<double>(matrices * kRows * kCols);
  kernels::ThreadPool pool(o.threads);
  std::mt19937 rng(1);
  kernels::Trits trits{std::vector<std::int8_t>(kRows * kCols), 0.01f};
  for (std::int8_t& t : trits.trits) t = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);

  print_out(fmt::format(
      "{}, {} thread{}, {} matrices of {} x {}: {:.2f} G weights, medians of {}\n"
      "{:<10}{:<8}{:>10}{:>18}{:>22}{:>8}\n",
      cpu_name(), o.threads, o.threads == 1 ? "" : "s", matrices, kRows, kCols, weights / 1e9,
      o.repetitions, "from", "to", "s", "G weights/s", "s for 2 G weights", "CPUs"));
  ordered_json rows = ordered_json::array();
  for (const kernels::TernaryFormat& from : kernels::ternary_formats()) {
    if (!in_files(from)) continue;
    const auto matrix = kernels::pack_tensor(from, trits, kRows, kCols, "matrix");
    std::vector<std::uint8_t> model(matrices * matrix.size());
    for (std::size_t i = 0; i < matrices; ++i)
      std::copy(matrix.begin(), matrix.end(),
                model.begin() + static_cast<std::ptrdiff_t>(i * matrix.size()));
    for (const kernels::ComputeLayout& to : kernels::compute_layouts()) {
      std::vector<double> seconds;
      kernels::CpuTime used;
      for (unsigned i = 0; i < o.repetitions; ++i)
        seconds.push_back(repack_all(pool, from, model, to, matrices, used));
      std::sort(seconds.begin(), seconds.end());
      const double median = seconds[seconds.size() / 2];
      print_out(fmt::format("{:<10}{:<8}{:>10.3f}{:>18.2f}{:>22.3f}{:>8.2f}\n", from.name, to.name,
                            median, weights / median / 1e9, median / weights * 2e9, used.cpus()));
      rows.push_back({{"from", from.name},
                      {"to", to.name},
                      {"time_s", median},
                      {"time_min_s", seconds.front()},
                      {"time_max_s", seconds.back()},
                      {"weights_per_s", weights / median},
                      {"cpus", used.cpus()}});
    }
  }
  if (o.json.empty()) return;
  const ordered_json j = {{"schema", "tern.bench_repack"},
                          {"schema_version", 1},
                          {"provenance", provenance()},
                          {"threads", o.threads},
                          {"weights", matrices * kRows * kCols},
                          {"repetitions", o.repetitions},
                          {"rows", rows}};
  models::write_whole_file(o.json, j.dump(1) + "\n");
}

}  // namespace tern::experiments
