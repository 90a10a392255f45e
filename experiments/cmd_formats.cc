// SPDX-License-Identifier: Apache-2.0
//
// tern formats: the table of ternary layouts, and what each needs for the matrices of a checkpoint
// (or for random ones), beside what the entropy of their trits would allow.

#include <fmt/format.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/trit_counts.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string model;  // "": a random matrix
  std::string json;
  std::size_t rows = 2560, cols = 2560;
  double zero_fraction = 0.43;
  std::uint64_t seed = 1;
};

constexpr std::size_t kMostWeights = std::size_t{1} << 32;  // of a random matrix: 4 GiB of trits

// What one layout made of all matrices.
struct Held {
  const kernels::TernaryFormat* format;
  std::size_t matrices = 0;
  std::uint64_t weights = 0, bytes = 0;
  ordered_json refused = ordered_json::array();

  double bits_per_weight() const {
    return 8 * static_cast<double>(bytes) / static_cast<double>(weights);
  }
};

struct Measured {
  std::vector<Held> formats;
  std::size_t matrices = 0;
  TritCounts counts;

  Measured() {
    for (const kernels::TernaryFormat& f : kernels::ternary_formats()) formats.push_back({&f});
  }

  void add(const std::string& name, const kernels::Trits& t, std::size_t rows, std::size_t cols) {
    ++matrices;
    counts.add(t.trits);
    for (Held& held : formats) {
      try {
        held.bytes += kernels::pack_tensor(*held.format, t, rows, cols, name).size();
      } catch (const std::runtime_error& e) {  // it cannot hold the shape, or the scale
        held.refused.push_back(
            {{"tensor", name}, {"reason", std::string(e.what()).substr(name.size() + 2)}});
        continue;
      }
      held.weights += t.trits.size();
      ++held.matrices;
    }
  }
};

Measured measure_model(const models::Model& model, const std::string& path) {
  Measured m;
  for (const models::Layer& layer : model.layers)
    for (const models::LinearSlot& slot : models::linear_slots())
      if (const auto* w = std::get_if<models::TernaryMatrix>(&(layer.*slot.linear)))
        m.add(w->name, {trits_of(*w), w->gamma}, w->rows, w->cols);
  if (m.matrices == 0) throw std::runtime_error(path + ": holds no ternary matrix");
  return m;
}

Measured measure_random(const Options& o) {
  if (o.rows > kMostWeights / o.cols)
    throw std::runtime_error(fmt::format("--rows {} --cols {}: expected at most {} weights", o.rows,
                                         o.cols, kMostWeights));
  std::mt19937_64 rng(o.seed);
  kernels::Trits t{std::vector<std::int8_t>(o.rows * o.cols), 1.0f};
  for (std::int8_t& trit : t.trits) {
    const std::uint64_t bits = rng();  // 53 of them say whether it is 0, the lowest its sign
    const bool zero = static_cast<double>(bits >> 11) * 0x1p-53 < o.zero_fraction;
    trit = static_cast<std::int8_t>(zero ? 0 : bits % 2 != 0 ? 1 : -1);
  }
  Measured m;
  m.add("random", t, o.rows, o.cols);
  return m;
}

double overhead_percent(double bits, double bound) { return 100 * (bits / bound - 1); }

ordered_json to_json(const Measured& m) {
  const double entropy = m.counts.entropy_bits(), log2_3 = std::log2(3.0);
  ordered_json rows = ordered_json::array();
  for (const Held& held : m.formats) {
    const kernels::TernaryFormat& f = *held.format;
    ordered_json row = {{"name", f.name},
                        {"file_type", f.file_type},
                        {"block", f.block},
                        {"kernels", f.kernels},
                        {"row_multiple", f.row_multiple},
                        {"col_multiple", f.col_multiple},
                        {"min_cols", f.min_cols},
                        {"has_scale", f.has_scale},
                        {"matrices", held.matrices},
                        {"weights", held.weights},
                        {"bytes", held.bytes},
                        {"refused", held.refused}};
    if (held.matrices != 0) {
      const double bits = held.bits_per_weight();
      row["bits_per_weight"] = bits;
      // Trits that are all alike have entropy 0, and no layout is a number of times as long.
      if (entropy > 0) row["over_entropy_percent"] = overhead_percent(bits, entropy);
      row["over_log2_3_percent"] = overhead_percent(bits, log2_3);
    }
    rows.push_back(row);
  }
  return {{"matrices", m.matrices},
          {"weights", m.counts.total()},
          {"zero_fraction", m.counts.zero_fraction()},
          {"entropy_bits_per_weight", entropy},
          {"log2_3_bits_per_weight", log2_3},
          {"formats", rows}};
}

ordered_json run_formats(const Options& o) {
  ordered_json j = {
      {"schema", "tern.formats"}, {"schema_version", 1}, {"provenance", provenance()}};
  if (o.model.empty()) {
    j["random"] = {
        {"rows", o.rows}, {"cols", o.cols}, {"zero_fraction", o.zero_fraction}, {"seed", o.seed}};
    j.update(to_json(measure_random(o)));
  } else {
    const auto model = models::load_checkpoint(o.model);
    j["model"] = {{"path", o.model}, {"name", model->config.name}};
    j["config_hash"] = config_hash(model->config);
    j.update(to_json(measure_model(*model, o.model)));
  }
  return j;
}

std::string percent_text(const ordered_json& row, const char* key) {
  return row.contains(key) ? fmt::format("{:+.1f} %", row[key].get<double>()) : "-";
}

std::string text_of(const ordered_json& j) {
  std::string text = fmt::format(
      "{:<9} {:<22} {:<11} {:>4} {:>4} {:>8} {:>14} {:>8} {:>12} {:>12}\n", "format", "file type",
      "kernels", "rows", "cols", "matrices", "bytes", "bits", "over entropy", "over log2(3)");
  const auto string = [](const ordered_json& value) { return value.get<std::string>(); };
  std::string notes;
  for (const ordered_json& f : j["formats"]) {
    text += fmt::format(
        "{:<9} {:<22} {:<11} {:>4} {:>4} {:>8} {:>14} {:>8} {:>12} {:>12}\n", string(f["name"]),
        string(f["file_type"]), f["kernels"] == "" ? "(repacked)" : string(f["kernels"]),
        f["row_multiple"].get<std::size_t>(), f["col_multiple"].get<std::size_t>(),
        f["matrices"].get<std::size_t>(), f["bytes"].get<std::uint64_t>(),
        f.contains("bits_per_weight") ? fmt::format("{:.4f}", f["bits_per_weight"].get<double>())
                                      : "-",
        percent_text(f, "over_entropy_percent"), percent_text(f, "over_log2_3_percent"));
    notes += fmt::format("{:<9} {}\n", string(f["name"]), string(f["block"]));
    const ordered_json& refused = f["refused"];
    if (!refused.empty())
      notes += fmt::format("{:<9} cannot hold {} of {}: {}: {}\n", "", refused.size(),
                           j["matrices"].get<std::size_t>(), string(refused[0]["tensor"]),
                           string(refused[0]["reason"]));
  }
  return text + "\n" + notes +
         fmt::format(
             "\n{} weights, {:.4f} of them 0: entropy {:.4f} bits per weight; log2(3) is "
             "{:.4f}\n",
             j["weights"].get<std::uint64_t>(), j["zero_fraction"].get<double>(),
             j["entropy_bits_per_weight"].get<double>(), j["log2_3_bits_per_weight"].get<double>());
}

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, {o.model});
  const ordered_json j = run_formats(o);
  print_out(text_of(j));
  if (!o.json.empty())
    models::write_whole_file(
        o.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_formats(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd =
      app.add_subcommand("formats", "Show the ternary layouts and what they take per weight");
  CLI::Option* model =
      cmd->add_option("model", o->model, "Checkpoint to pack: GGUF file or Hugging Face directory");
  const auto random = [&](CLI::Option* option) { option->excludes(model)->capture_default_str(); };
  const CLI::Validator extent = between<std::size_t>(1, kMostWeights);
  random(cmd->add_option("--rows", o->rows, "Rows of a random matrix")->check(extent));
  random(cmd->add_option("--cols", o->cols, "Its columns")->check(extent));
  random(cmd->add_option("--zero-fraction", o->zero_fraction, "Its probability of 0")
             ->check(between(0.0, 1.0)));
  random(cmd->add_option("--seed", o->seed, "Its seed"));
  add_output(*cmd, "--json", o->json, "Write all of it here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
