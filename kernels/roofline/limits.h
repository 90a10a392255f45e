// SPDX-License-Identifier: Apache-2.0
//
// Timing of the loops of read.h and peak.h on a pool of threads. One call measures once: who wants
// a limit on a busy machine repeats it beside what the limit is for.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/roofline/peak.h"
#include "kernels/roofline/read.h"
#include "kernels/thread_pool.h"

namespace tern::kernels {

struct Spread {
  double median = 0, low = 0, high = 0;  // low, high: quartiles
};

// By linear interpolation between the sorted samples, of which there is at least one.
Spread spread_of(std::vector<double> samples);

// What the threads of the next two functions got of their CPUs. The part of a thread that comes
// late is done by another one, so that with a busy machine one thread may do the work of all.
struct CpuTime {
  double cpu_s = 0;   // of all threads
  double wall_s = 0;  // of the calls
  double cpus() const { return cpu_s / wall_s; }
};

// Seconds of `passes` reads of [data, data + bytes), in contiguous parts, one per thread; each
// thread passes over its own part. bytes is a multiple of kLineBytes.
double time_read(ThreadPool& pool, const Kernel<ReadFn>& loop, const std::uint8_t* data,
                 std::size_t bytes, std::size_t passes, CpuTime* used = nullptr);

// Seconds in which every thread of the pool does `rounds` rounds: threads * rounds * macs MACs.
double time_peak(ThreadPool& pool, const PeakLoop& loop, std::size_t rounds,
                 CpuTime* used = nullptr);

// Of like limits, of a peak or of the CPUs. Assumed: what scatters less was left alone.
inline constexpr double kUndisturbedShare = 0.95;

// How many passes, or rounds, last about `seconds`; at least 1.
std::size_t passes_for(ThreadPool& pool, const Kernel<ReadFn>& loop, const std::uint8_t* data,
                       std::size_t bytes, double seconds);
std::size_t rounds_for(ThreadPool& pool, const PeakLoop& loop, double seconds);

// The loop of those the host has with the best median of `repetitions` turns of
// about `seconds` each; the loops take turns.
const Kernel<ReadFn>& fastest_read(ThreadPool& pool, const std::uint8_t* data, std::size_t bytes,
                                   double seconds, int repetitions);

// The loops of this datatype that a kernel of `isa` may use on this host, those of what `isa`
// contains included: wider registers are not always faster. The best of them is its limit. Empty
// where there is none.
std::vector<const PeakLoop*> peak_loops_for(Isa isa, Datatype datatype);

}  // namespace tern::kernels
