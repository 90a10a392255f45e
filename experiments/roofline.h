// SPDX-License-Identifier: Apache-2.0
//
// What this machine can do at best: read bandwidth by working set, threads and kind of page, and
// multiply-adds per second by instruction and threads.

#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/huge_buffer.h"
#include "kernels/roofline/limits.h"

namespace tern::experiments {

struct RooflineOptions {
  unsigned threads = 1;                           // 1 to this many
  bool quick = false;                             // ends of the ranges only, short turns
  std::size_t most_bytes = std::size_t{1} << 30;  // of the largest working set
};

struct BandwidthRow {
  kernels::HugeBuffer::Pages pages;
  std::size_t huge_bytes;  // what the system gave of them
  unsigned threads;
  std::size_t working_set_bytes;  // of all threads together
  std::string loop;               // the fastest
  kernels::Spread gb_per_s;
  double cpus;  // that the threads had (kernels::CpuTime)
};

struct PeakRow {
  const kernels::PeakLoop* loop;
  unsigned threads;
  kernels::Spread gmac_per_s;
  double cpus;
};

struct Roofline {
  std::vector<BandwidthRow> bandwidth;
  std::vector<PeakRow> peaks;
  std::vector<PeakRow> steps;                     // steps.h: experiments, no limits
  std::vector<const kernels::PeakLoop*> missing;  // the host lacks their ISA
  int repetitions = 0;
};

// `progress` gets a line per step and says whether to go on; what was measured until then comes
// back. Throws std::runtime_error when the memory is not there.
Roofline measure_roofline(const RooflineOptions& o,
                          const std::function<bool(const std::string&)>& progress);

std::string roofline_table(const Roofline& r);
nlohmann::ordered_json roofline_to_json(const Roofline& r);  // schema tern.roofline
std::string roofline_to_csv(const Roofline& r);

}  // namespace tern::experiments
