// SPDX-License-Identifier: Apache-2.0

#include "experiments/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kernels/roofline/steps.h"

namespace tern::experiments {

namespace {

using kernels::HugeBuffer;
using kernels::PeakLoop;
using kernels::ThreadPool;

constexpr std::size_t kKiB = 1024, kMiB = 1024 * kKiB;
constexpr std::size_t kWorkingSets[] = {16 * kKiB, 256 * kKiB, kMiB,       8 * kMiB,
                                        64 * kMiB, 256 * kMiB, 1024 * kMiB};
constexpr std::size_t kEnough = 256 * kMiB;  // to tell loops apart

std::vector<unsigned> thread_counts(const RooflineOptions& o) {
  std::vector<unsigned> counts;
  for (unsigned n = 1; n <= o.threads; ++n)
    if (!o.quick || n == 1 || n == o.threads) counts.push_back(n);
  return counts;
}

std::vector<std::size_t> working_sets(const RooflineOptions& o) {
  std::vector<std::size_t> sets;
  for (const std::size_t bytes : kWorkingSets)
    if (bytes <= o.most_bytes && (!o.quick || bytes != kMiB)) sets.push_back(bytes);
  if (sets.empty()) sets.push_back(kWorkingSets[0]);
  return sets;
}

}  // namespace

Roofline measure_roofline(const RooflineOptions& o,
                          const std::function<bool(const std::string&)>& progress) {
  Roofline result;
  result.repetitions = o.quick ? 5 : 11;
  const double turn_s = o.quick ? 0.001 : 0.01;
  const std::vector<std::size_t> sets = working_sets(o);
  ThreadPool most(o.threads);
  for (const auto pages : {HugeBuffer::Pages::kHuge, HugeBuffer::Pages::kNormal}) {
    const HugeBuffer buffer(sets.back(), pages, most, "the largest working set");
    // Not zeros: some memory systems treat lines of them apart.
    const auto fill = [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i)
        buffer.data()[i] = static_cast<std::uint8_t>(i * 37 + i / 4096);
    };
    most.parallel_for(buffer.size(), 4096, std::cref(fill));
    const std::size_t huge = buffer.huge_bytes();
    for (const unsigned threads : thread_counts(o)) {
      ThreadPool pool(threads);
      for (const std::size_t bytes : sets) {
        if (!progress(fmt::format("bandwidth: {} KiB, {} threads, {} pages", bytes / kKiB, threads,
                                  pages == HugeBuffer::Pages::kHuge ? "huge" : "normal")))
          return result;
        const auto& loop = kernels::fastest_read(pool, buffer.data(), std::min(bytes, kEnough),
                                                 turn_s / 4, o.quick ? 1 : 3);
        const std::size_t passes = kernels::passes_for(pool, loop, buffer.data(), bytes, turn_s);
        std::vector<double> rates;
        kernels::CpuTime used;
        for (int i = 0; i < result.repetitions; ++i)
          rates.push_back(static_cast<double>(bytes * passes) / 1e9 /
                          kernels::time_read(pool, loop, buffer.data(), bytes, passes, &used));
        result.bandwidth.push_back({pages, std::min(huge, bytes), threads, bytes,
                                    std::string(loop.name), kernels::spread_of(rates),
                                    used.cpus()});
      }
    }
  }
  for (const auto loops : {kernels::peak_loops(), kernels::step_loops()})
    for (const PeakLoop& loop : loops)
      if (!kernels::host_has(loop.isa)) result.missing.push_back(&loop);
  for (const unsigned threads : thread_counts(o)) {
    ThreadPool pool(threads);
    for (const auto& [loops, rows] : {std::pair(kernels::peak_loops(), &result.peaks),
                                      std::pair(kernels::step_loops(), &result.steps)})
      for (const PeakLoop& loop : loops) {
        if (!kernels::host_has(loop.isa)) continue;
        if (!progress(fmt::format("{}, {} threads", loop.name, threads))) return result;
        const std::size_t rounds = kernels::rounds_for(pool, loop, turn_s);
        std::vector<double> rates;
        kernels::CpuTime used;
        for (int i = 0; i < result.repetitions; ++i)
          rates.push_back(static_cast<double>(loop.macs * rounds * threads) / 1e9 /
                          kernels::time_peak(pool, loop, rounds, &used));
        rows->push_back({&loop, threads, kernels::spread_of(rates), used.cpus()});
      }
  }
  return result;
}

}  // namespace tern::experiments
