// SPDX-License-Identifier: Apache-2.0

#include "kernels/roofline/limits.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>

#include "kernels/check.h"

namespace tern::kernels {

namespace {

using Clock = std::chrono::steady_clock;

// Parts of a read end where pages do, as far as there are pages for all threads.
constexpr std::size_t kReadGrain = 4096;

// Runs once unmeasured, then longer and longer until one run says how many are needed.
std::size_t count_for(double seconds, std::size_t most,
                      const std::function<double(std::size_t)>& time) {
  time(1);
  std::size_t count = 1;
  for (;;) {
    const double took = time(count);
    if (took * 4 >= seconds || count >= most) {
      const double wanted = std::round(static_cast<double>(count) * seconds / std::max(took, 1e-9));
      return std::clamp(static_cast<std::size_t>(wanted), std::size_t{1}, most);
    }
    count = std::min(most, count * 4);
  }
}

double at(const std::vector<double>& sorted, double where) {
  const double place = where * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - std::floor(place));
}

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Seconds of part() over [0, n).
template <typename Part>
double time_parts(ThreadPool& pool, std::size_t n, std::size_t grain, CpuTime* used,
                  const Part& part) {
  std::atomic<double> cpu_s = 0;
  const auto timed = [&](std::size_t begin, std::size_t end) {
    const double before_s = thread_cpu_s();
    part(begin, end);
    cpu_s += thread_cpu_s() - before_s;
  };
  const auto begin = Clock::now();
  pool.parallel_for(n, grain, std::cref(timed));
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (used != nullptr) {
    used->cpu_s += cpu_s;
    used->wall_s += seconds;
  }
  return seconds;
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  TERN_CHECK(!samples.empty(), "a spread of nothing");
  std::sort(samples.begin(), samples.end());
  return {at(samples, 0.5), at(samples, 0.25), at(samples, 0.75)};
}

double time_read(ThreadPool& pool, const Kernel<ReadFn>& loop, const std::uint8_t* data,
                 std::size_t bytes, std::size_t passes, CpuTime* used) {
  const std::size_t grain = bytes / kReadGrain < pool.threads() ? kLineBytes : kReadGrain;
  return time_parts(pool, bytes, grain, used, [&](std::size_t begin, std::size_t end) {
    loop.run(data + begin, end - begin, passes);
  });
}

double time_peak(ThreadPool& pool, const PeakLoop& loop, std::size_t rounds, CpuTime* used) {
  return time_parts(pool, pool.threads(), 1, used, [&](std::size_t begin, std::size_t end) {
    for (; begin != end; ++begin) loop.run(rounds);
  });
}

std::size_t passes_for(ThreadPool& pool, const Kernel<ReadFn>& loop, const std::uint8_t* data,
                       std::size_t bytes, double seconds) {
  constexpr std::size_t kMost = std::size_t{1} << 40;
  return count_for(seconds, kMost,
                   [&](std::size_t passes) { return time_read(pool, loop, data, bytes, passes); });
}

std::size_t rounds_for(ThreadPool& pool, const PeakLoop& loop, double seconds) {
  return count_for(seconds, kMostRounds,
                   [&](std::size_t rounds) { return time_peak(pool, loop, rounds); });
}

const Kernel<ReadFn>& fastest_read(ThreadPool& pool, const std::uint8_t* data, std::size_t bytes,
                                   double seconds, int repetitions) {
  struct Candidate {
    const Kernel<ReadFn>* loop;
    std::size_t passes;
    std::vector<double> times;
  };
  std::vector<Candidate> candidates;
  for (const Kernel<ReadFn>& loop : read_loops())
    if (host_has(loop.isa))
      candidates.push_back({&loop, passes_for(pool, loop, data, bytes, seconds), {}});
  for (int i = 0; i < repetitions; ++i)
    for (Candidate& c : candidates)
      c.times.push_back(time_read(pool, *c.loop, data, bytes, c.passes) /
                        static_cast<double>(c.passes));
  const Candidate* best = nullptr;
  double least = 0;
  for (const Candidate& c : candidates)
    if (const double time = spread_of(c.times).median; best == nullptr || time < least) {
      best = &c;
      least = time;
    }
  return *best->loop;
}

std::vector<const PeakLoop*> peak_loops_for(Isa isa, Datatype datatype) {
  std::vector<const PeakLoop*> found;
  for (const PeakLoop& loop : peak_loops())
    if (loop.datatype == datatype && contains(isa, loop.isa) && host_has(loop.isa))
      found.push_back(&loop);
  return found;
}

}  // namespace tern::kernels
