// SPDX-License-Identifier: Apache-2.0
//
// Measures kernels against the limits of this machine. Each Google Benchmark repetition is one
// pair: a plain read of the same weights, the kernel, and a burst of multiply-adds, close together
// in time, so that what a neighbour does to this machine it does to both sides of the ratio. For
// the same reason a pair may hold a second kernel, a rival, that the first is compared with.

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "experiments/bench_family.h"
#include "kernels/huge_buffer.h"
#include "kernels/roofline/limits.h"

namespace tern::experiments {

struct BenchShape {
  std::size_t rows, cols;
};

struct BenchOptions {
  std::string filter;  // regular expression, searched in names; "": all
  std::vector<unsigned> threads;
  std::vector<std::size_t> tokens;
  std::string shapes = "2b4t";  // or "ROWSxCOLS,..."
  std::size_t cold_mb = 700;    // 10^6 bytes, at least, in copies of the matrix
  double min_time_s = 0.02;     // of the kernel in a pair, at least
  double max_time_s = 10;       // after which a case gets no further pair
  int repetitions = 11;         // pairs
  int again = 2;                // further rounds for what was disturbed
  // Family whose row for this host is the rival of all others by one token from memory; or "none".
  std::string against = "matmul_t2p";
  kernels::HugeBuffer::Pages pages = kernels::HugeBuffer::Pages::kHuge;
};

using kernels::kUndisturbedShare;

inline constexpr std::size_t kMostColdTokens = 16;  // beyond, memory binds nothing

struct BenchCase {
  const BenchFamily* family;
  std::size_t kernel;  // index in the family's table
  BenchKernel row;
  BenchShape shape;
  unsigned threads;
  std::size_t tokens;
  bool cold;
  const BenchFamily* rival = nullptr;
  std::size_t rival_kernel = 0;

  std::string name() const;  // <kernel>/<rows>x<cols>/<cold|hot>/threads:<n>/tokens:<n>
};

// What the options ask for, the rows that this host lacks and stand-ins left out. Throws
// std::runtime_error that names the option for anything no case fits.
std::vector<BenchCase> plan_bench(const BenchOptions& o);

// Seconds of one call, what the machine needed at least for its bytes and for its MACs, what the
// rival took, if there is one, and the MACs in a loop that crowds the registers, if there is one;
// and how many CPUs there were for the threads meanwhile (kernels::CpuTime), 0 where unknown.
struct BenchPair {
  double time_s, read_s, compute_s, rival_s = 0, crowded_s = 0, cpus = 0;
};

struct BenchRecord {
  BenchCase bench;
  std::size_t weight_bytes = 0;  // of one matrix
  std::size_t copies = 0;        // read in turn
  std::size_t pairs = 0;
  kernels::Spread time_s, limit_time_s, percent;
  bool memory_bound = false;  // else by compute
  double gb_per_s = 0, gmac_per_s = 0;
  double read_gb_per_s = 0, peak_gmac_per_s = 0;  // the limits
  std::string read_loop, peak_loop;
  std::string crowded_loop;  // PeakLoop::crowded; "": none
  double crowded_gmac_per_s = 0;
  double cpus = 0;             // that the threads had
  int round = 0;               // 0, or in which further one it was measured
  kernels::Spread over_rival;  // weights per second over the rival's

  double macs() const;
  std::string_view rival() const;  // the row; "" where there is none
};

// The figures of a case from its pairs, of which there is at least one.
BenchRecord summarise(const BenchCase& bench, const std::vector<BenchPair>& pairs);

// Whether the loop that crowds the registers ran below `share` of the peak: the core's other
// hyperthread was busy.
bool busy_core(const BenchRecord& record, double share = kUndisturbedShare);

// Whether other programs kept the threads from their CPUs: what one thread did is no figure of two,
// and no ratio shows it, as limits and kernel suffer alike.
bool short_of_cpus(const BenchRecord& record, double share = kUndisturbedShare);

// Which records had a limit_rate() below `share` of the upper quartile of those like it: of the
// same loop and threads, or of memory read by as many threads, cold or in a working set of the same
// power of 2; or had a busy core or too few CPUs. A neighbour of this machine slowed them down. It
// chooses by limits alone, never by the kernel.
std::vector<std::size_t> disturbed(std::span<const BenchRecord> records,
                                   double share = kUndisturbedShare);

// The binding limit, or a loop of its instructions that a neighbour slows down more: of two records
// of one case the one with more of it was disturbed less.
double limit_rate(const BenchRecord& record);

// Up to `rounds` times: hands what was disturbed to `run`, which calls `use` with each index into
// the cases it got and its record, and says whether it came to the end. Of two records of a case
// one with enough CPUs stays, else the one with more of the limit. False, and no further round,
// when `run` was ended.
using UseRecord = std::function<void(std::size_t, const BenchRecord&)>;
using RunCases = std::function<bool(const std::vector<BenchCase>&, const UseRecord&)>;
bool measure_again(int rounds, const std::vector<BenchCase>& cases,
                   std::vector<BenchRecord>& records, const RunCases& run);

// Runs the cases in order and calls `done` after each. Ends early, and returns false, when
// `stop` says so. Throws std::runtime_error when memory does not hold the weights.
bool run_bench(const BenchOptions& o, const std::vector<BenchCase>& cases,
               const std::function<bool()>& stop,
               const std::function<void(const BenchRecord&)>& done);

}  // namespace tern::experiments
