// SPDX-License-Identifier: Apache-2.0

#include "experiments/compare_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "experiments/agreement.h"
#include "experiments/child.h"
#include "experiments/compare_text.h"
#include "experiments/provenance.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// The tables of the report; each is one CSV file of that name.
constexpr std::array kTables = {
    "agreement", "footprint",         "cpu_speed",    "cpu_energy",    "accelerator_speed",
    "energy",    "energy_components", "energy_lines", "paper_formula", "ratios"};

constexpr std::array kNotModelled = {
    "leakage and standby power: contribute nothing to any joule here",
    "clock tree, wires between blocks, memory controller, PHY and power conversion",
    "DRAM banks, refresh and row misses: a pipe with bandwidth and latency",
    "attention, norms and the ternary machine's FP16 head are timed and priced as work of a "
    "vector unit, computed on the CPU",
    "a CPU's energy where the host shows no RAPL: time times assumed watts per core",
};

ordered_json agreement_record(const Agreement& a) {
  return {{"flavour", a.flavour},
          {"level", a.level},
          {"reference", a.reference},
          {"same", a.same},
          {"tokens", a.tokens},
          {"products", a.products},
          {"dot_products", a.dot_products},
          {"macs", a.macs},
          {"jobs", a.jobs},
          {"cycles", a.cycles},
          {"difference", a.difference},
          {"evidence", "measured"}};
}

Records agreement_records(Results observed) {
  Records records = Records::array();
  for (const char* flavour : {"ternary", "fp16"}) {
    const LevelResult* reference = nullptr;
    const LevelResult* simulated = nullptr;
    // FP16 machines have numerics of their own, which one run on the CPU follows.
    const LevelResult* following = nullptr;
    for (const LevelResult& r : observed) {
      if (r.flavour != flavour) continue;
      if (r.isa == kFollowing) {
        following = &r;
        continue;
      }
      if (reference == nullptr) {
        reference = &r;
        continue;
      }
      const LevelResult& held_to =
          r.engine != "cpu" && following != nullptr ? *following : *reference;
      records.push_back(agreement_record(compare_levels(held_to, r)));
      if (r.engine == "cpu") continue;
      // Two simulated levels must also take the same cycles.
      if (simulated != nullptr) records.push_back(agreement_record(compare_levels(*simulated, r)));
      simulated = &r;
    }
  }
  return records;
}

void add_unique(ordered_json& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

std::string staging_folder(const std::string& folder) {
  std::string path = folder + "/.tern-XXXXXX";
  if (mkdtemp(path.data()) == nullptr)
    throw std::runtime_error(
        fmt::format("{}: cannot write here: {}", folder, std::strerror(errno)));
  return path;
}

struct Staging {
  std::string path;

  explicit Staging(const std::string& folder) : path(staging_folder(folder)) {}
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

void move_all(const std::string& from, const std::string& to) {
  for (const auto& entry : fs::directory_iterator(from))
    fs::rename(entry.path(), fs::path(to) / entry.path().filename());
}

}  // namespace

ordered_json build_report(Results observed, Results timed, const Pricing& pricing) {
  ordered_json report = {{"schema", "tern.compare"}, {"schema_version", 1}};
  report["provenance"] = provenance();
  report["isas"] = ordered_json::array();
  report["simulated_levels"] = ordered_json::array();
  report["machines"] = ordered_json::object();
  for (const LevelResult& r : observed) {
    if (r.engine == "cpu") {
      if (r.isa != kFollowing) add_unique(report["isas"], r.isa);
    } else {
      add_unique(report["simulated_levels"], r.engine);
      report["machines"][r.flavour] = r.machine;
    }
  }
  report["technologies"] = ordered_json::array();
  for (const energy::Technology& t : pricing.technologies)
    report["technologies"].push_back({{"name", t.name()}, {"title", t.title()}});
  report["dram"] = {{"name", pricing.dram.name()}, {"title", pricing.dram.title()}};
  report["models"] = ordered_json::object();
  for (const LevelResult& r : observed)
    if (!report["models"].contains(r.flavour))
      report["models"][r.flavour] = {{"name", r.model},
                                     {"seed", r.seed},
                                     {"prompt_tokens", r.prompt_tokens.size()},
                                     {"decode_tokens", r.decode.tokens},
                                     {"text", r.text}};

  report["agreement"] = agreement_records(observed);
  report["footprint"] = footprint_records(observed);
  report["cpu_speed"] = cpu_speed_records(timed);
  report["cpu_energy"] = cpu_energy_records(timed);
  report["accelerator_speed"] = accelerator_speed_records(observed);
  report["energy"] = energy_records(observed, pricing);
  report["energy_components"] = energy_component_records(observed, pricing);
  report["energy_lines"] = energy_line_records(observed, pricing);
  report["paper_formula"] = paper_formula_records(observed, pricing);
  report["ratios"] = ratio_records(report);
  report["not_modelled"] = kNotModelled;
  return report;
}

bool all_agree(const ordered_json& report) {
  const ordered_json& rows = report.at("agreement");
  return !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const ordered_json& row) {
    return row.at("same").get<bool>();
  });
}

void prepare_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw std::runtime_error(fmt::format("{}: cannot make this folder: {}", folder,
                                         error ? error.message() : "something else is there"));
  const Staging probe(folder);
}

void write_report(const ordered_json& report, const std::string& folder) {
  const Staging staging(folder);
  const std::string json = staging.path + "/compare.json";
  models::write_whole_file(json, report.dump(1) + "\n");
  for (const char* table : kTables)
    if (const std::string csv = to_csv(report.at(table)); !csv.empty())
      models::write_whole_file(staging.path + "/" + table + ".csv", csv);

  std::string failure;
  try {
    run_child({.program = "/usr/bin/python3",
               .label = "report",
               .args = {TERN_SOURCE_DIR "/experiments/report.py", json, staging.path},
               .environment = {{"MPLBACKEND", "Agg"}, {"MPLCONFIGDIR", staging.path + "/.mpl"}}});
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  fs::remove_all(staging.path + "/.mpl");
  move_all(staging.path, folder);
  if (!failure.empty())
    throw std::runtime_error(fmt::format("{} (the JSON and CSV files are in {})", failure, folder));
}

}  // namespace tern::experiments
