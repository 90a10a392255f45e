// SPDX-License-Identifier: Apache-2.0
//
// The figures of roofline.h as table, JSON and CSV.

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "experiments/provenance.h"
#include "experiments/roofline.h"

namespace tern::experiments {

namespace {

const char* pages_name(kernels::HugeBuffer::Pages pages) {
  return pages == kernels::HugeBuffer::Pages::kHuge ? "huge" : "normal";
}

std::string size_name(std::size_t bytes) {
  return bytes < (1u << 20) ? fmt::format("{} KiB", bytes >> 10)
                            : fmt::format("{} MiB", bytes >> 20);
}

std::string spread_text(const kernels::Spread& s) {
  return fmt::format("[{:.1f} {:.1f}]", s.low, s.high);
}

// What other programs left of the CPUs, where that is no figure of so many threads.
std::string cpus_text(unsigned threads, double cpus) {
  return cpus < kernels::kUndisturbedShare * threads
             ? fmt::format(" ({:.1f} of {} CPUs)", cpus, threads)
             : "";
}

}  // namespace

std::string roofline_table(const Roofline& r) {
  std::string text = fmt::format("{:<10} {:>7} {:>8} {:>7} {:>9} {:>15}  {}\n", "read from",
                                 "threads", "pages", "huge", "GB/s", "quartiles", "fastest loop");
  for (const BandwidthRow& row : r.bandwidth)
    text += fmt::format(
        "{:<10} {:>7} {:>8} {:>6.0f}% {:>9.1f} {:>15}  {}{}\n", size_name(row.working_set_bytes),
        row.threads, pages_name(row.pages),
        100.0 * static_cast<double>(row.huge_bytes) / static_cast<double>(row.working_set_bytes),
        row.gb_per_s.median, spread_text(row.gb_per_s), row.loop, cpus_text(row.threads, row.cpus));
  for (const auto& [rows, what] :
       {std::pair(&r.peaks, "instruction"),
        std::pair(&r.steps,
                  "step of a kernel, operands at hand (no limit: what is left of one)")}) {
    if (rows->empty()) continue;
    text += fmt::format("\n{:<8} {:<12} {:>7} {:>9} {:>17}  {}\n", "datatype", "isa", "threads",
                        "GMAC/s", "quartiles", what);
    for (const PeakRow& row : *rows)
      text += fmt::format(
          "{:<8} {:<12} {:>7} {:>9.1f} {:>17}  {}{}\n", kernels::datatype_name(row.loop->datatype),
          kernels::isa_name(row.loop->isa), row.threads, row.gmac_per_s.median,
          spread_text(row.gmac_per_s), row.loop->instruction, cpus_text(row.threads, row.cpus));
  }
  for (const kernels::PeakLoop* loop : r.missing)
    text += fmt::format("{:<8} {:<12} skipped: this host lacks it ({})\n",
                        kernels::datatype_name(loop->datatype), kernels::isa_name(loop->isa),
                        loop->instruction);
  return text;
}

nlohmann::ordered_json roofline_to_json(const Roofline& r) {
  nlohmann::ordered_json j = {{"schema", "tern.roofline"},
                              {"schema_version", 1},
                              {"provenance", provenance()},
                              {"load_average", load_average()},
                              {"repetitions", r.repetitions},
                              {"bandwidth", nlohmann::ordered_json::array()},
                              {"peaks", nlohmann::ordered_json::array()},
                              {"steps", nlohmann::ordered_json::array()},
                              {"skipped", nlohmann::ordered_json::array()}};
  for (const BandwidthRow& row : r.bandwidth)
    j["bandwidth"].push_back({{"pages", pages_name(row.pages)},
                              {"huge_bytes", row.huge_bytes},
                              {"threads", row.threads},
                              {"working_set_bytes", row.working_set_bytes},
                              {"read_loop", row.loop},
                              {"read_gb_per_s", row.gb_per_s.median},
                              {"read_gb_per_s_q1", row.gb_per_s.low},
                              {"read_gb_per_s_q3", row.gb_per_s.high},
                              {"cpus", row.cpus}});
  for (const auto& [rows, table, what] :
       {std::tuple(&r.peaks, "peaks", "peak"), std::tuple(&r.steps, "steps", "step")})
    for (const PeakRow& row : *rows) {
      const std::string rate = fmt::format("{}_gmac_per_s", what);
      j[table].push_back({{fmt::format("{}_loop", what), row.loop->name},
                          {"instruction", row.loop->instruction},
                          {"isa", kernels::isa_name(row.loop->isa)},
                          {"datatype", kernels::datatype_name(row.loop->datatype)},
                          {"threads", row.threads},
                          {rate, row.gmac_per_s.median},
                          {rate + "_q1", row.gmac_per_s.low},
                          {rate + "_q3", row.gmac_per_s.high},
                          {"cpus", row.cpus}});
    }
  for (const kernels::PeakLoop* loop : r.missing)
    j["skipped"].push_back({{"loop", loop->name},
                            {"isa", kernels::isa_name(loop->isa)},
                            {"reason", "this host lacks the instruction set"}});
  return j;
}

std::string roofline_to_csv(const Roofline& r) {
  std::string text =
      "figure,loop,isa,datatype,pages,threads,working_set_bytes,unit,median,q1,q3,cpus\n";
  for (const BandwidthRow& row : r.bandwidth)
    text += fmt::format("read,{},,,{},{},{},GB/s,{:.4g},{:.4g},{:.4g},{:.2f}\n", row.loop,
                        pages_name(row.pages), row.threads, row.working_set_bytes,
                        row.gb_per_s.median, row.gb_per_s.low, row.gb_per_s.high, row.cpus);
  for (const auto& [rows, figure] : {std::pair(&r.peaks, "peak"), std::pair(&r.steps, "step")})
    for (const PeakRow& row : *rows)
      text += fmt::format("{},{},{},{},,{},,GMAC/s,{:.4g},{:.4g},{:.4g},{:.2f}\n", figure,
                          row.loop->name, kernels::isa_name(row.loop->isa),
                          kernels::datatype_name(row.loop->datatype), row.threads,
                          row.gmac_per_s.median, row.gmac_per_s.low, row.gmac_per_s.high, row.cpus);
  return text;
}

}  // namespace tern::experiments
