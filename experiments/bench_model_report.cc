// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include "experiments/bench_model.h"
#include "experiments/engine.h"
#include "experiments/provenance.h"

namespace tern::experiments {
namespace {

nlohmann::ordered_json or_null(bool there, double value) {
  return there ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

// The widths of the table's columns; the first and the last are aligned to the left.
constexpr const char* kRow =
    "| {:<20} | {:>8} | {:>9} | {:>7} | {:>3} | {:>3} | {:>14} | {:>18} | {:>9} | {:>8} | {:>6} | "
    "{:>7} | {:>5} | {:<28} |\n";

// The parts of a pass in ms; what is left of the time of the repetitions is `other`.
struct Part {
  const char* name;
  double ms;
};
std::vector<Part> parts_of(const ModelBenchRecord& r) {
  const models::StepTimes& t = r.times;
  const double per_pass = 1e3 / static_cast<double>(r.times_s.size());
  double total = 0;
  for (const double s : r.times_s) total += s;
  const double known = t.linears_s + t.head_s + t.quantize_s + t.cache_s + t.attention_s;
  return {{"linears", t.linears_s * per_pass},
          {"head", t.head_s * per_pass},
          {"norms_quantise", t.quantize_s * per_pass},
          {"rope_cache", t.cache_s * per_pass},
          {"attention", t.attention_s * per_pass},
          {"other", (total - known) * per_pass},
          {"all", total * per_pass}};
}

}  // namespace

std::string model_bench_profile_head() {
  return fmt::format(
      "\nms (%) of a pass, means\n\n| {:<20} | {:>3} | {:>14} |{:>19} |{:>19} |{:>19} |{:>19} "
      "|{:>19} |{:>19} |{:>19} |\n|{:->22}|{:->5}|{:->16}|{:->20}|{:->20}|{:->20}|{:->20}|"
      "{:->20}|{:->20}|{:->20}|\n",
      "model", "thr", "test", "linears", "head", "norms, quantise", "RoPE, cache", "attention",
      "other", "all", "", "", "", "", "", "", "", "", "", "");
}

std::string model_bench_profile_row(const ModelBenchRecord& r) {
  std::string line =
      fmt::format("| {:<20} | {:>3} | {:>14} |", r.model.substr(0, 20), r.threads, r.test.name());
  const std::vector<Part> parts = parts_of(r);
  for (const Part& p : parts)
    line += fmt::format("{:>19} |",
                        fmt::format("{:.2f} ({:.1f} %)", p.ms, 100 * p.ms / parts.back().ms));
  return line + "\n";
}

std::string model_bench_head() {
  const std::string names =
      fmt::format(kRow, "model", "MB", "params", "layout", "kv", "thr", "test", "t/s", "median t/s",
                  "MB/token", "GB/s", "GMAC/s", "%", "of");
  std::string rule;
  for (const char c : names) rule += c == '|' || c == '\n' ? c : '-';
  return names + rule;
}

std::string model_bench_row(const ModelBenchRecord& r) {
  const bool prompt = r.test.prompt != 0;
  const double parameters = static_cast<double>(r.parameters);
  const double per_token = r.bytes_moved() / 1e6 / static_cast<double>(r.test.tokens());
  std::string limit =
      r.limit == 0 ? "no limit known"
                   : fmt::format("{:.1f} {} {}", r.limit, prompt ? "GMAC/s" : "GB/s", r.limit_loop);
  if (r.cpus < kernels::kUndisturbedShare * r.threads)
    limit += fmt::format(", {:.1f} of {} CPUs", r.cpus, r.threads);
  return fmt::format(kRow, r.model.substr(0, 20), r.model_bytes / 1'000'000,
                     parameters < 1e9 ? fmt::format("{:.2f} M", parameters / 1e6)
                                      : fmt::format("{:.2f} B", parameters / 1e9),
                     r.layout, r.kv, r.threads, r.test.name(),
                     fmt::format("{:.2f} ± {:.2f}", r.rate_mean(), r.rate_deviation()),
                     fmt::format("{:.2f}", r.rate_median()),
                     prompt ? "" : fmt::format("{:.1f}", per_token),
                     prompt ? "" : fmt::format("{:.1f}", r.achieved()),
                     prompt ? fmt::format("{:.0f}", r.achieved()) : "",
                     fmt::format("{:.1f}", 100 * r.share), limit);
}

std::string model_bench_screen(const ModelBenchRecord& r) {
  const models::StepCounts& c = r.counts;
  if (c.screened_logits == 0) return "";
  const auto n = static_cast<double>(c.screened_logits);
  return fmt::format(
      "{}: head by a screen for {} of {} tokens, exactly; of its rows {:.0f} looked at twice and "
      "{:.1f} computed per token\n",
      r.test.name(), c.screened_logits, c.logits, static_cast<double>(c.screen_fine_rows) / n,
      static_cast<double>(c.screen_exact_rows) / n);
}

nlohmann::ordered_json to_json(const ModelBenchRecord& r) {
  const bool prompt = r.test.prompt != 0, known = r.limit > 0;
  return {
      {"model", r.model},
      {"path", r.path},
      {"architecture", r.architecture},
      {"model_bytes", r.model_bytes},
      {"parameters", r.parameters},
      {"isa", kernels::isa_name(r.isa)},
      {"layout", r.layout},
      {"kv", r.kv},
      {"threads", r.threads},
      {"test", r.test.name()},
      {"prompt_tokens", r.test.prompt},
      {"generated_tokens", r.test.generate},
      {"depth_tokens", r.test.depth},
      {"repetitions", r.times_s.size()},
      {"time_s", r.median_s()},
      {"tokens_per_s", r.rate_median()},
      {"tokens_per_s_mean", r.rate_mean()},
      {"tokens_per_s_stddev", r.rate_deviation()},
      {"bytes_per_token", or_null(!prompt, r.bytes_moved() / static_cast<double>(r.test.tokens()))},
      {"moved_gb_per_s", or_null(!prompt, r.achieved())},
      {"read_gb_per_s", or_null(!prompt, r.limit)},
      {"percent_of_read", or_null(!prompt, 100 * r.share)},
      {"gmac_per_s", or_null(prompt, r.achieved())},
      {"peak_gmac_per_s", or_null(prompt && known, r.limit)},
      {"percent_of_peak", or_null(prompt && known, 100 * r.share)},
      {"limit_loop", r.limit_loop},
      {"cpus", r.cpus},
      {"load_s", r.load_s},
      {"first_token_s", r.first_token_s},
      {"peak_memory_bytes", r.peak_bytes},
      {"times_s", r.times_s}};
}

nlohmann::ordered_json model_bench_to_json(const ModelBenchOptions& o,
                                           const std::vector<ModelBenchRecord>& records) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const ModelBenchRecord& r : records) {
    rows.push_back(to_json(r));
    rows.back()["counts"] = to_json(r.counts);
    for (const Part& p : parts_of(r))
      rows.back()["profile"][std::string(p.name) + "_s"] = p.ms / 1e3;
  }
  return {{"schema", "tern.bench_model"},
          {"schema_version", 1},
          {"provenance", provenance()},
          {"load_average", load_average()},
          {"repetitions", o.repetitions},
          {"warm_up", o.warm_up},
          {"limit_bytes", o.limit_mb * 1'000'000},
          {"limit_time_s", o.limit_time_s},
          {"records", rows}};
}

}  // namespace tern::experiments
