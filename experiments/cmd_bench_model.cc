// SPDX-License-Identifier: Apache-2.0
//
// tern bench model: whole models, prompts read and tokens generated.

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

#include "experiments/bench_model.h"
#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/interrupt.h"
#include "experiments/list_option.h"
#include "experiments/measurement_files.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "kernels/ternary/layouts.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  ModelBenchOptions bench;
  std::string output = "md", json, csv;
  bool no_warm_up = false, profile = false;
};

void run(Options o) {
  o.bench.warm_up = !o.no_warm_up;
  plan_model_bench(o.bench);
  models::check_outputs({{"--json", o.json}, {"--csv", o.csv}}, o.bench.models);
  const bool table = o.output == "md";
  const Interrupt interrupt;
  std::vector<ModelBenchRecord> records;
  const bool finished = run_model_bench(
      o.bench, [&] { return interrupt.seen(); },
      [&](const std::string& line) { fmt::print(stderr, "{}\n", line); },
      [&](const ModelBenchRecord& r) {
        if (table && records.empty())
          print_out(fmt::format("{}, commit {}, medians of {} repetitions\n\n{}", cpu_name(),
                                git_commit(), o.bench.repetitions, model_bench_head()));
        if (table) print_out(model_bench_row(r));
        records.push_back(r);
      });
  if (!finished) throw Exit{kExitInterrupted};
  if (table) {
    // Of each model as it was run: what all its rows share.
    std::string lines = "\n";
    for (const ModelBenchRecord& r : records)
      if (&r == &records.front() || r.first_token_s != (&r - 1)->first_token_s)
        lines += fmt::format(
            "{}, {} threads, layout {}, kv {}: first token after {:.3f} s (loaded after {:.3f} s), "
            "most memory {:.1f} MB with {:.1f} MB of model\n",
            r.model, r.threads, r.layout, r.kv, r.first_token_s, r.load_s,
            static_cast<double>(r.peak_bytes) / 1e6, static_cast<double>(r.model_bytes) / 1e6);
    for (const ModelBenchRecord& r : records) lines += model_bench_screen(r);
    print_out(
        lines +
        "MB/token: weights of linears and head, keys and values; GMAC/s: linears and head, "
        "over the whole pass\n%: of a plain read of memory (tg), of the peak of the "
        "instructions (pp), measured before each repetition; the median of their shares, which "
        "need not be that of the medians\n");
    if (o.profile) {
      print_out(model_bench_profile_head());
      for (const ModelBenchRecord& r : records) print_out(model_bench_profile_row(r));
    }
  }
  const nlohmann::ordered_json j = model_bench_to_json(o.bench, records);
  const std::string csv = csv_of([&] {
    nlohmann::ordered_json rows = j["records"];
    for (nlohmann::ordered_json& row : rows) row.erase("counts"), row.erase("profile");
    return rows;
  }());
  if (o.output == "json") print_out(j.dump(1) + "\n");
  if (o.output == "csv") print_out(csv);
  write_files({.json = o.json, .csv = o.csv, .plot = {}}, j, csv);
}

}  // namespace

void add_bench_model_options(CLI::App& cmd) {
  auto o = std::make_shared<Options>();
  ModelBenchOptions& b = o->bench;
  b.threads = {online_cpus()};
  b.layouts = {EngineOptions().layout};  // what commands run by default
  b.kv = {EngineOptions().kv};
  cmd.add_option("models", b.models, "Checkpoints: GGUF files or Hugging Face directories");
  add_list(cmd, "-p,--prompt", b.prompts, "Tokens of a prompt, read at once; 0: none");
  add_list(cmd, "-n,--tokens", b.generate, "Tokens to generate; 0: none");
  add_list(cmd, "-d,--depth", b.depths, "Tokens of context before");
  cmd.add_option("-r,--repetitions", b.repetitions, "Of each row")
      ->check(between(1, 10000))
      ->capture_default_str();
  add_list(cmd, "-t,--threads", b.threads, "Numbers of threads");
  std::vector<std::string> layouts, kv;
  for (const kernels::ComputeLayout& l : kernels::compute_layouts()) layouts.emplace_back(l.name);
  add_list(cmd, "--layout", b.layouts,
           "How ternary weights are held (tern formats); default: t5p where AVX-512 VBMI decodes "
           "it, else t2p",
           CLI::IsMember(layouts));
  add_list(cmd, "--kv", b.kv, "How keys and values are held", CLI::IsMember({"f32", "f16", "i8"}));
  std::vector<std::string> isas;
  for (const kernels::Isa isa : kernels::all_isas()) isas.emplace_back(kernels::isa_name(isa));
  cmd.add_option("--isa", b.isa, "Instructions of the CPU kernels; default: the fastest")
      ->check(CLI::IsMember(isas));
  cmd.add_flag("--no-warmup", o->no_warm_up, "Measure from the first pass on");
  cmd.add_option("--limit-mb", b.limit_mb, "Megabytes that the plain read passes over")
      ->check(between(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  cmd.add_option("--limit-time", b.limit_time_s, "Seconds of a limit in each repetition")
      ->check(between(1e-6, 10.0))
      ->capture_default_str();
  cmd.add_flag("--profile", o->profile, "A second table: where the time goes (always in JSON)");
  cmd.add_option("-o,--output", o->output, "What goes to standard output")
      ->check(CLI::IsMember({"md", "csv", "json"}))
      ->capture_default_str();
  add_output(cmd, "--json", o->json, "Write the figures here");
  add_output(cmd, "--csv", o->csv, "Write the table here");
  cmd.callback([o, &cmd] {
    if (!cmd.get_subcommands().empty()) return;  // `tern bench kernels` is no model
    if (o->bench.models.empty()) throw CLI::RequiredError("a subcommand or the name of a model");
    run(*o);
  });
}

}  // namespace tern::experiments
