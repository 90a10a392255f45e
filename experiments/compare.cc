// SPDX-License-Identifier: Apache-2.0

#include "experiments/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "experiments/child.h"
#include "experiments/commands.h"
#include "experiments/compare_report.h"
#include "experiments/hash.h"
#include "experiments/interrupt.h"
#include "experiments/level_run.h"
#include "experiments/provenance.h"
#include "kernels/isa.h"
#include "kernels/ternary/ternary.h"
#include "models/checkpoint.h"
#ifdef TERN_EDA
#include "sim/accelerator.h"
#endif

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;

#ifdef TERN_EDA
constexpr bool kSimulated = true;
#else
constexpr bool kSimulated = false;
#endif

// A folder for the children's results, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string path = (fs::temp_directory_path() / "tern-compare-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      throw std::runtime_error(path + ": cannot make a temporary folder");
    path_ = path;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string file(std::size_t number) const {
    return (path_ / (std::to_string(number) + ".json")).string();
  }

 private:
  fs::path path_;
};

struct Run {
  std::string flavour, engine, isa;
  unsigned tokens, threads, repetitions;
};

// The instruction sets with ternary kernels of their own that this host has, fastest first.
std::vector<std::string> measured_isas() {
  std::vector<std::string> names;
  for (const kernels::Isa isa : kernels::all_isas())
    if (kernels::host_has(isa) &&
        kernels::kernel_for(kernels::matmul_t2p_kernels(), isa).isa == isa)
      names.emplace_back(kernels::isa_name(isa));
  return names;
}

// Slowest first, so that two at a time end together.
std::vector<Run> observed_runs(const CompareOptions& o) {
  std::vector<Run> runs;
  const std::string fastest = measured_isas().front();
  if (kSimulated)
    for (const char* engine : {"rtl", "cycle"})
      for (const char* flavour : {"fp16", "ternary"})
        runs.push_back({flavour, engine, fastest, o.tokens, 1, 0});
  if (kSimulated) runs.push_back({"fp16", kFollowing, fastest, o.tokens, 1, 0});
  for (const char* flavour : {"fp16", "ternary"})
    for (const std::string& isa : measured_isas())
      runs.push_back({flavour, "cpu", isa, o.tokens, 1, 0});
  return runs;
}

// Ternary and FP16 take turns, so that what else the host does meets both alike.
std::vector<Run> timed_runs(const CompareOptions& o) {
  std::vector<Run> runs;
  for (unsigned round = 0; round < o.rounds; ++round)
    for (const std::string& isa : measured_isas())
      for (const char* flavour : {"ternary", "fp16"})
        runs.push_back({flavour, "cpu", isa, o.timed_tokens, o.threads, o.repetitions});
  return runs;
}

Child child_of(const CompareOptions& o, const Run& run, const std::string& json) {
  const std::string label =
      fmt::format("{} {}{}", run.flavour, run.engine, run.engine == "cpu" ? " " + run.isa : "");
  return {.program = "/proc/self/exe",
          .label = label,
          .args = {"level", run.flavour == "ternary" ? o.ternary : o.fp16, "--engine", run.engine,
                   "--machine", o.machine, "--prompt", o.prompt, "--tokens",
                   std::to_string(run.tokens), "--threads", std::to_string(run.threads),
                   "--repetitions", std::to_string(run.repetitions), "--json", json},
          .environment = {{"TERN_ISA", run.isa}}};
}

LevelResult read_result(const std::string& path) {
  std::ifstream file(path);
  return level_from_json(nlohmann::json::parse(file, nullptr, false), path);
}

std::vector<LevelResult> run_all(const CompareOptions& o, const std::vector<Run>& runs,
                                 unsigned at_once, bool each) {
  const Scratch scratch;
  std::vector<Child> children;
  for (std::size_t i = 0; i < runs.size(); ++i)
    children.push_back(child_of(o, runs[i], scratch.file(i)));
  std::size_t ended = 0;
  // Ctrl-C reaches the children too; what matters here is that the folder goes.
  const Interrupt interrupt;
  try {
    run_children(children, at_once, [&](const Child& child, double seconds) {
      if (interrupt.seen()) throw std::runtime_error("interrupted");
      ++ended;
      if (each)
        fmt::print(stderr, "  [{}/{}] {}: {:.1f} s\n", ended, children.size(), child.label,
                   seconds);
    });
  } catch (const std::runtime_error&) {
    if (interrupt.seen()) throw Exit{kExitInterrupted};
    throw;
  }
  std::vector<LevelResult> results;
  for (std::size_t i = 0; i < runs.size(); ++i) results.push_back(read_result(scratch.file(i)));
  return results;
}

// Scalar first: it is the reference of its flavour. Then CPUs, then simulators as they deepen.
void sort_levels(std::vector<LevelResult>& levels) {
  const auto rank = [](const LevelResult& r) {
    if (r.engine == "rtl") return 20;
    if (r.engine == "cycle") return 10;
    if (r.isa == kFollowing) return 9;
    for (int i = 0; const kernels::Isa isa : kernels::all_isas())
      if (++i; r.isa == kernels::isa_name(isa)) return 8 - i;
    return 8;
  };
  std::stable_sort(levels.begin(), levels.end(),
                   [&](const LevelResult& a, const LevelResult& b) { return rank(a) < rank(b); });
}

std::unique_ptr<const models::Model> load_flavour(const std::string& path,
                                                  const std::string& flavour) {
  if (path == default_checkpoint(flavour) && !fs::exists(path))
    throw std::runtime_error(fmt::format(
        "{}: no such file in the source tree this program was built from; give --{} FILE", path,
        flavour));
  auto model = models::load_checkpoint(path);
  const std::string found = flavour_of(*model);
  if (found != flavour)
    throw std::runtime_error(fmt::format(
        "{}: expected the {} checkpoint, but its linear layers are {}", path, flavour, found));
  return model;
}

// One network in two formats, or the factors mean nothing.
void check_twins(const CompareOptions& o) {
  const auto ternary = load_flavour(o.ternary, "ternary"), fp16 = load_flavour(o.fp16, "fp16");
  models::Config shape = ternary->config;
  shape.name = fp16->config.name;
  if (shape != fp16->config || ternary->tokenizer != fp16->tokenizer)
    throw std::runtime_error(fmt::format(
        "{}: its shape or tokenizer is not that of {}: compare takes two flavours of one network",
        o.fp16, o.ternary));
}

nlohmann::ordered_json settings(const CompareOptions& o) {
  return {{"prompt", o.prompt},
          {"tokens", o.tokens},
          {"timed_tokens", o.timed_tokens},
          {"timing_rounds", o.rounds},
          {"timing_repetitions_per_round", o.repetitions},
          {"threads", o.threads},
          {"machine", o.machine},
          {"technologies", o.technologies},
          {"dram", o.dram},
          {"ternary_checkpoint_hash", hash_of_file(o.ternary)},
          {"fp16_checkpoint_hash", hash_of_file(o.fp16)}};
}

}  // namespace

std::string default_checkpoint(const std::string& flavour) {
  return TERN_SOURCE_DIR "/models/checkpoints/tern-stories-" + flavour + ".gguf";
}

nlohmann::ordered_json compare(const CompareOptions& o) {
  // Whatever can be wrong with the options is found before a minute of work.
  if (o.prompt.empty()) throw std::runtime_error("--prompt is empty");
  check_twins(o);
  Pricing pricing{{}, energy::find_dram(o.dram.empty() ? energy::kDefaultDram : o.dram)};
  for (const std::string& name : o.technologies)
    pricing.technologies.push_back(energy::find_technology(name));
#ifdef TERN_EDA
  sim::machine(o.machine, sim::Format::kTernary);
#endif
  const nlohmann::ordered_json used = settings(o);
  prepare_folder(o.out);

  const double load = load_average();
  if (load > 0.5 * online_cpus())
    fmt::print(stderr,
               "note: the host is busy (load {:.1f} on {} CPUs): its tokens/s will be low and "
               "their ratios uncertain\n",
               load, online_cpus());

  const std::vector<Run> observed = observed_runs(o), timed = timed_runs(o);
  fmt::print(stderr, "{} runs of at most {} tokens, every product observed, two at a time{}\n",
             observed.size(), o.tokens,
             kSimulated ? "" : " (no simulator in this build: CPU levels alone)");
  std::vector<LevelResult> levels = run_all(o, observed, 2, true);
  sort_levels(levels);
  fmt::print(stderr, "{} timed CPU runs, one at a time\n", timed.size());
  const std::vector<LevelResult> times = run_all(o, timed, 1, false);

  nlohmann::ordered_json report = build_report(levels, times, pricing);
  const std::string text = used.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  report["settings"] = used;
  report["load_average_1min_at_start"] = load;
  report["config_hash"] = hex(hash_bytes(text.data(), text.size()));
  return report;
}

}  // namespace tern::experiments
