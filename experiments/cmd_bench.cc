// SPDX-License-Identifier: Apache-2.0
//
// tern bench kernels: every kernel this host can run, beside the limit that binds it. The other
// subcommands of tern bench are in files of their own.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "experiments/bench_kernels.h"
#include "experiments/bench_repack.h"
#include "experiments/bench_report.h"
#include "experiments/commands.h"
#include "experiments/interrupt.h"
#include "experiments/list_option.h"
#include "experiments/measurement_files.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"

namespace tern::experiments {
namespace {

struct Options {
  BenchOptions bench;
  MeasurementFiles files;
  std::string pages = "huge";
  bool quick = false, list = false;
};

void run(Options o) {
  if (o.pages == "normal") o.bench.pages = kernels::HugeBuffer::Pages::kNormal;
  const std::vector<BenchCase> cases = plan_bench(o.bench);
  if (o.list) {
    for (const BenchCase& c : cases) print_out(c.name() + "\n");
    return;
  }
  prepare_files(o.files, "kernels");

  std::size_t width = 6;
  for (const BenchCase& c : cases) width = std::max(width, c.row.name.size());
  using Clock = std::chrono::steady_clock;
  auto shown = Clock::now();
  std::vector<BenchRecord> records;
  const std::string head =
      fmt::format("{}, {} cold bytes at least, medians of {} pairs\n{}", cpu_name(),
                  o.bench.cold_mb * 1'000'000, o.bench.repetitions, bench_table_head(width));
  const auto measure = [&](const std::vector<BenchCase>& some, const std::function<bool()>& stop,
                           const UseRecord& use) {
    std::size_t done = 0;
    return run_bench(o.bench, some, stop, [&](const BenchRecord& record) {
      use(done++, record);
      print_out(bench_table_row(record, width));
      if (Clock::now() - shown < std::chrono::seconds(2)) return;
      shown = Clock::now();
      fmt::print(stderr, "{} of {}: {}\n", done, some.size(), record.bench.name());
    });
  };
  {
    const EndOnInterrupt interrupt;
    print_out(head);
    measure(
        cases, [] { return false; },
        [&](std::size_t, const BenchRecord& record) { records.push_back(record); });
  }
  const Interrupt interrupt;
  // What there is of a further round that was ended is good as well.
  const bool finished = measure_again(
      o.bench.again, cases, records, [&](const std::vector<BenchCase>& some, const UseRecord& use) {
        print_out(fmt::format("Again, as a neighbour slowed the limit of these down: {} of {}\n",
                              some.size(), cases.size()));
        return measure(
            some, [&] { return interrupt.seen(); }, use);
      });
  write_files(o.files, bench_to_json(o.bench, records), bench_to_csv(records));
  if (!finished) throw Exit{kExitInterrupted};
}

}  // namespace

void add_bench(CLI::App& app) {
  auto o = std::make_shared<Options>();
  const unsigned cpus = online_cpus();
  o->bench.threads = cpus == 1 ? std::vector{1u} : std::vector{1u, cpus};
  o->bench.tokens = {1, 4, 16, 32, 512};
  CLI::App* bench = app.add_subcommand(
      "bench", "Speed on this machine: of models (tern bench MODEL...), and of parts of tern");
  bench->require_subcommand(0, 1);
  add_bench_model_options(*bench);
  add_bench_model_options(
      *bench->add_subcommand("model",
                             "Whole models in the manner of llama-bench, beside what bounds them "
                             "(as tern bench MODEL...)"));
  CLI::App* cmd = bench->add_subcommand(
      "kernels",
      "Every kernel this host can run, in percent of the limit that binds it: the bandwidth or the "
      "peak of its instructions, measured in turns with it");
  BenchOptions& b = o->bench;
  cmd->add_option("--filter", b.filter,
                  "Only cases whose name this regular expression finds: "
                  "<kernel>/<rows>x<cols>/<cold|hot>/threads:<n>/tokens:<n>");
  CLI::Option* threads = add_list(*cmd, "--threads", b.threads, "Numbers of threads");
  CLI::Option* tokens =
      add_list(*cmd, "--tokens", b.tokens, "Tokens per product; up to 16 also cold (from memory)");
  CLI::Option* shapes =
      cmd->add_option("--shapes", b.shapes,
                      "ROWSxCOLS,... or 2b4t: the shapes of BitNet b1.58 2B4T; its head for one "
                      "token")
          ->capture_default_str();
  cmd->add_option("--cold-mb", b.cold_mb, "Megabytes of weights a cold pass streams, at least")
      ->check(between(std::size_t{1}, std::size_t{1} << 30))
      ->capture_default_str();
  CLI::Option* min_time =
      cmd->add_option("--min-time", b.min_time_s, "Seconds of the kernel in each pair, at least")
          ->check(between(1e-6, 10.0))
          ->capture_default_str();
  cmd->add_option("--max-time", b.max_time_s,
                  "Seconds after which a case of 5 pairs gets no further one")
      ->check(between(1e-6, 1e6))
      ->capture_default_str();
  CLI::Option* repetitions =
      cmd->add_option("--repetitions", b.repetitions, "Pairs of limit and kernel per case")
          ->check(between(1, 10000))
          ->capture_default_str();
  CLI::Option* again =
      cmd->add_option(
             "--again", b.again,
             fmt::format(
                 "Rounds in which cases whose limit was below {:.0f} % of the upper quartile of "
                 "those like it are measured again; the one with the faster limit counts",
                 100 * kUndisturbedShare))
          ->check(between(0, 100))
          ->capture_default_str();
  cmd->add_option(
         "--against", b.against,
         "Family whose row for this host runs in the same pairs as those of all others, by "
         "one token from memory: weights per second over its own; or none")
      ->capture_default_str();
  cmd->add_option("--pages", o->pages, "Memory of the weights: huge or normal pages")
      ->check(CLI::IsMember({"huge", "normal"}))
      ->capture_default_str();
  cmd->add_flag("--quick", o->quick,
                "One shape, 1 and 32 tokens, all threads, 5 short pairs, none again; what is "
                "named stays");
  cmd->add_flag("--list", o->list, "Say the names of the cases and end");
  add_measurement_files(*cmd, o->files);
  cmd->callback([=] {
    if (o->quick) {
      if (threads->count() == 0) o->bench.threads = {cpus};
      if (tokens->count() == 0) o->bench.tokens = {1, 32};
      if (shapes->count() == 0) o->bench.shapes = "2560x2560";
      if (min_time->count() == 0) o->bench.min_time_s = 0.005;
      if (repetitions->count() == 0) o->bench.repetitions = 5;
      if (again->count() == 0) o->bench.again = 0;
    }
    run(*o);
  });

  auto r = std::make_shared<RepackOptions>();
  r->threads = cpus;
  CLI::App* repack = bench->add_subcommand(
      "repack", "How long weights of every file format take into every compute layout at load");
  repack->add_option("--weights", r->weights, "Weights in all")
      ->check(between(std::size_t{1}, std::size_t{1} << 36))
      ->capture_default_str();
  repack->add_option("--threads", r->threads, "Number of threads")->capture_default_str();
  repack->add_option("--repetitions", r->repetitions, "Of each row")
      ->check(between(1u, 1000u))
      ->capture_default_str();
  add_output(*repack, "--json", r->json, "Write the table here");
  repack->callback([r] { bench_repack(*r); });
}

}  // namespace tern::experiments
