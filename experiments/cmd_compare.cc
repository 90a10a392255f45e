// SPDX-License-Identifier: Apache-2.0
//
// tern compare: ternary against its FP16 twin on every level. And the hidden tern level, one run
// of it.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/compare.h"
#include "experiments/compare_report.h"
#include "experiments/compare_text.h"
#include "experiments/level_run.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

void run(CompareOptions o, bool quick) {
  if (quick) {
    o.tokens = std::min(o.tokens, 8u);
    o.timed_tokens = 16;
    o.rounds = 1;
  }
  const nlohmann::ordered_json report = compare(o);
  // Files before the table: whoever reads it may close the pipe.
  std::string failure;
  try {
    write_report(report, o.out);
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  print_out(to_table(report));
  if (!failure.empty()) throw std::runtime_error(failure);
  print_out(
      fmt::format("\nReport: {}/report.html (picture: report.png, data: compare.json, *.csv)\n",
                  std::filesystem::absolute(o.out).lexically_normal().string()));
  for (const auto& row : report.at("agreement"))
    if (!row.at("same").get<bool>())
      throw std::runtime_error(
          fmt::format("the levels disagree: {}, {}: {}", row["flavour"].get<std::string>(),
                      row["level"].get<std::string>(), row["difference"].get<std::string>()));
}

}  // namespace

void add_compare(CLI::App& app) {
  auto o = std::make_shared<CompareOptions>();
  auto quick = std::make_shared<bool>(false);
  o->ternary = default_checkpoint("ternary");
  o->fp16 = default_checkpoint("fp16");
  o->dram = energy::kDefaultDram;
  o->threads = online_cpus();
  CLI::App* cmd = app.add_subcommand(
      "compare",
      "A ternary model against its FP16 twin: agreement of all levels, bytes, speed, "
      "joules; as table, JSON, CSV and HTML");
  cmd->add_option("--ternary", o->ternary, "Ternary checkpoint")->capture_default_str();
  cmd->add_option("--fp16", o->fp16, "Its FP16 twin")->capture_default_str();
  cmd->add_option("--prompt", o->prompt, "The text to continue")->capture_default_str();
  cmd->add_option("-n,--tokens", o->tokens,
                  "Most tokens to generate on every level; a story ends by itself")
      ->check(between(2u, 65536u))
      ->capture_default_str();
  cmd->add_option("--threads", o->threads, "CPU threads of the timed runs")
      ->check(between(1u, 1024u))
      ->capture_default_str();
  cmd->add_option("--machine", o->machine, "The simulated accelerator")->capture_default_str();
  cmd->add_option("--technology", o->technologies, "Price tables: names or files")
      ->capture_default_str();
  cmd->add_option("--dram", o->dram, "Price table of the DRAM: a name or a file")
      ->capture_default_str();
  cmd->add_option("--out", o->out, "Folder for the results")
      ->check(no_standard_output("a folder"))
      ->capture_default_str();
  cmd->add_flag("--quick", *quick, "8 tokens per level, fewer timed repetitions");
  cmd->callback([o, quick] { run(*o, *quick); });
}

void add_level(CLI::App& app) {
  auto o = std::make_shared<LevelOptions>();
  auto json = std::make_shared<std::string>();
  CLI::App* cmd = app.add_subcommand("level", "One run of compare, on the engine named");
  cmd->group("");  // not in the help
  cmd->add_option("model", o->checkpoint, "Checkpoint")->required();
  cmd->add_option("--engine", o->engine)->check(CLI::IsMember({"cpu", "cycle", "rtl", kFollowing}));
  cmd->add_option("--machine", o->machine);
  cmd->add_option("--prompt", o->prompt)->required();
  cmd->add_option("--tokens", o->tokens);
  cmd->add_option("--threads", o->threads)->check(between(1u, 1024u));
  cmd->add_option("--repetitions", o->repetitions);
  cmd->add_option("--json", *json)->required();
  cmd->callback([o, json] {
    models::write_whole_file(
        *json,
        to_json(run_level(*o)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
}

}  // namespace tern::experiments
