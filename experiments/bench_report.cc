// SPDX-License-Identifier: Apache-2.0

#include "experiments/bench_report.h"

#include <fmt/format.h>

#include "experiments/measurement_files.h"
#include "experiments/provenance.h"

namespace tern::experiments {

namespace {

const char* where(const BenchRecord& r) { return r.bench.cold ? "cold" : "hot"; }
const char* bound(const BenchRecord& r) { return r.memory_bound ? "memory" : "compute"; }

nlohmann::ordered_json to_json(const BenchRecord& r) {
  const auto over_rival = [&](double value) {
    return r.rival().empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
  };
  return {
      {"kernel", r.bench.row.name},
      {"family", r.bench.family->name},
      {"isa", kernels::isa_name(r.bench.row.isa)},
      {"datatype", kernels::datatype_name(r.bench.family->datatype)},
      {"rows", r.bench.shape.rows},
      {"cols", r.bench.shape.cols},
      {"threads", r.bench.threads},
      {"tokens", r.bench.tokens},
      {"cache", where(r)},
      {"weight_bytes", r.weight_bytes},
      {"working_set_bytes", r.weight_bytes * r.copies},
      {"macs", r.macs()},
      {"pairs", r.pairs},
      {"round", r.round},
      {"time_s", r.time_s.median},
      {"time_s_q1", r.time_s.low},
      {"time_s_q3", r.time_s.high},
      {"limit_time_s", r.limit_time_s.median},
      {"weights_gb_per_s", r.gb_per_s},
      {"gmac_per_s", r.gmac_per_s},
      {"percent_of_limit", r.percent.median},
      {"percent_of_limit_q1", r.percent.low},
      {"percent_of_limit_q3", r.percent.high},
      {"bound", bound(r)},
      {"read_gb_per_s", r.read_gb_per_s},
      {"read_loop", r.read_loop},
      {"peak_gmac_per_s", r.peak_gmac_per_s},
      {"peak_loop", r.peak_loop},
      {"crowded_gmac_per_s", r.crowded_loop.empty() ? nlohmann::ordered_json()
                                                    : nlohmann::ordered_json(r.crowded_gmac_per_s)},
      {"crowded_loop", r.crowded_loop},
      {"cpus", r.cpus},
      {"rival", r.rival()},
      {"over_rival", over_rival(r.over_rival.median)},
      {"over_rival_q1", over_rival(r.over_rival.low)},
      {"over_rival_q3", over_rival(r.over_rival.high)}};
}

}  // namespace

std::string bench_table_head(std::size_t name_width) {
  return fmt::format("{:<{}}  {:>11} {:>3} {:>6} {:>4} {:>11} {:>7} {:>8}  {:>7} {:>13}  {}\n",
                     "kernel", name_width, "shape", "thr", "tokens", "", "us", "GB/s", "GMAC/s",
                     "% limit", "quartiles", "limit");
}

std::string bench_table_row(const BenchRecord& r, std::size_t name_width) {
  const std::string limit = r.memory_bound
                                ? fmt::format("{:.1f} GB/s {}", r.read_gb_per_s, r.read_loop)
                                : fmt::format("{:.1f} GMAC/s {}", r.peak_gmac_per_s, r.peak_loop);
  return fmt::format(
      "{:<{}}  {:>11} {:>3} {:>6} {:>4} {:>11.1f} {:>7.2f} {:>8.2f}  {:>7.1f} {:>13}  {}{}{}{}{}\n",
      r.bench.row.name, name_width, fmt::format("{}x{}", r.bench.shape.rows, r.bench.shape.cols),
      r.bench.threads, r.bench.tokens, where(r), r.time_s.median * 1e6, r.gb_per_s, r.gmac_per_s,
      r.percent.median, fmt::format("[{:.1f} {:.1f}]", r.percent.low, r.percent.high), limit,
      busy_core(r) ? fmt::format(", a busy core: {:.0f} {}", r.crowded_gmac_per_s, r.crowded_loop)
                   : "",
      short_of_cpus(r) ? fmt::format(", {:.1f} of {} CPUs", r.cpus, r.bench.threads) : "",
      r.rival().empty() ? "" : fmt::format(", {:.2f}x {}", r.over_rival.median, r.rival()),
      r.pairs < 5 ? fmt::format(" ({} pairs only)", r.pairs) : "");
}

nlohmann::ordered_json bench_to_json(const BenchOptions& o, std::span<const BenchRecord> records) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const BenchRecord& r : records) rows.push_back(to_json(r));
  return {{"schema", "tern.bench_kernels"},
          {"schema_version", 1},
          {"provenance", provenance()},
          {"load_average", load_average()},
          {"cold_bytes", o.cold_mb * 1'000'000},
          {"min_time_s", o.min_time_s},
          {"max_time_s", o.max_time_s},
          {"filter", o.filter},
          {"against", o.against},
          {"repetitions", o.repetitions},
          {"again", o.again},
          {"pages", o.pages == kernels::HugeBuffer::Pages::kHuge ? "huge" : "normal"},
          {"records", rows}};
}

std::string bench_to_csv(std::span<const BenchRecord> records) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const BenchRecord& r : records) rows.push_back(to_json(r));
  return csv_of(rows);
}

}  // namespace tern::experiments
