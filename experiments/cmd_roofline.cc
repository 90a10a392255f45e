// SPDX-License-Identifier: Apache-2.0
//
// tern roofline: the limits of this machine.

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/interrupt.h"
#include "experiments/measurement_files.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/provenance.h"
#include "experiments/roofline.h"

namespace tern::experiments {
namespace {

struct Options {
  RooflineOptions roofline;
  std::size_t most_mb = 1024;
  MeasurementFiles files;
};

void run(Options o) {
  check_threads(o.roofline.threads);
  o.roofline.most_bytes = o.most_mb << 20;
  prepare_files(o.files, "roofline");
  const Interrupt interrupt;
  using Clock = std::chrono::steady_clock;
  auto shown = Clock::now();
  const Roofline roofline = measure_roofline(o.roofline, [&](const std::string& step) {
    if (Clock::now() - shown > std::chrono::seconds(2)) {
      shown = Clock::now();
      fmt::print(stderr, "{}\n", step);
    }
    return !interrupt.seen();
  });
  if (interrupt.seen()) throw Exit{kExitInterrupted};
  write_files(o.files, roofline_to_json(roofline), roofline_to_csv(roofline));
  print_out(fmt::format("{}, {} CPUs ({}); medians of {}\n\n", cpu_name(), online_cpus(),
                        cpu_slug(), roofline.repetitions) +
            roofline_table(roofline));
}

}  // namespace

void add_roofline(CLI::App& app) {
  auto o = std::make_shared<Options>();
  o->roofline.threads = online_cpus();
  CLI::App* cmd = app.add_subcommand(
      "roofline",
      "The limits of this machine: read bandwidth by working set, multiply-adds per second by "
      "instruction");
  cmd->add_option("--threads", o->roofline.threads, "From one thread up to this many")
      ->capture_default_str();
  cmd->add_option("--max-mb", o->most_mb, "Largest working set, MiB")
      ->check(between(std::size_t{1}, std::size_t{1024}))
      ->capture_default_str();
  cmd->add_flag("--quick", o->roofline.quick, "Short turns, one and all threads");
  add_measurement_files(*cmd, o->files);
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
