// SPDX-License-Identifier: Apache-2.0
//
// tern inspect: what a checkpoint holds: keys, tensors, and how its trits are distributed.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/output.h"
#include "experiments/provenance.h"
#include "experiments/trit_counts.h"
#include "models/checkpoint.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string model;
  std::string json;
};

constexpr std::size_t kShownEntries = 4;  // of an array

template <typename T>
ordered_json shortened(const std::vector<T>& values) {
  const std::size_t n = std::min(values.size(), kShownEntries);
  return ordered_json(std::vector<T>(values.begin(), values.begin() + static_cast<long>(n)));
}

ordered_json to_json(const models::GgufValue& value) {
  if (const auto* array = std::get_if<models::GgufArray>(&value.value))
    return std::visit(
        [](const auto& v) -> ordered_json {
          return {{"count", v.size()}, {"first", shortened(v)}};
        },
        array->values);
  if (value.type == models::GgufType::kBool) return std::get<std::uint64_t>(value.value) != 0;
  return std::visit(
      [](const auto& v) -> ordered_json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, models::GgufArray>)
          return nullptr;
        else
          return v;
      },
      value.value);
}

const models::TernaryMatrix* find_ternary(const models::Model& model, const std::string& name) {
  for (const models::Layer& layer : model.layers)
    for (const models::LinearSlot& slot : models::linear_slots())
      if (models::name_of(layer.*slot.linear) == name)
        return std::get_if<models::TernaryMatrix>(&(layer.*slot.linear));
  return nullptr;
}

ordered_json stats(const TritCounts& trits) {
  return {{"zero_fraction", trits.zero_fraction()},
          {"entropy_bits_per_weight", trits.entropy_bits()}};
}

ordered_json inspect(const std::string& path) {
  const models::MappedFile mapped = models::map_file(path);
  const models::Gguf file = models::Gguf::parse(mapped.bytes, path);
  const auto model = models::read_model(file, mapped.owner);

  ordered_json keys = ordered_json::object(), tensors = ordered_json::array();
  for (const auto& [key, value] : file.values()) keys[key] = to_json(value);
  std::uint64_t weights = 0, bytes = 0, linear_weights = 0, linear_bytes = 0;
  TritCounts all;
  for (const models::GgufTensor& t : file.tensors()) {
    ordered_json row = {{"name", t.name},
                        {"type", models::tensor_type_name(t.type)},
                        {"shape", t.shape},
                        {"bytes", t.data.size()}};
    weights += t.elements();
    bytes += t.data.size();
    if (const models::TernaryMatrix* w = find_ternary(*model, t.name)) {
      const TritCounts trits = count_trits(*w);
      all += trits;
      linear_weights += t.elements();
      linear_bytes += t.data.size();
      row["scale"] = w->gamma;
      row.update(stats(trits));
    }
    tensors.push_back(row);
  }
  const auto bits = [](std::uint64_t b, std::uint64_t w) {
    return 8 * static_cast<double>(b) / static_cast<double>(w);
  };
  ordered_json totals = {{"weights", weights},
                         {"weight_bytes", bytes},
                         {"bits_per_weight", bits(bytes, weights)},
                         {"file_bytes", mapped.bytes.size()}};
  if (linear_weights != 0) {
    totals["ternary_weights"] = linear_weights;
    totals["ternary_bytes"] = linear_bytes;
    totals["ternary_bits_per_weight"] = bits(linear_bytes, linear_weights);
    totals["ternary"] = stats(all);
  }
  return {{"schema", "tern.inspect"},
          {"schema_version", 1},
          {"provenance", provenance()},
          {"model", {{"path", path}, {"name", model->config.name}}},
          {"config", experiments::to_json(model->config)},
          {"config_hash", config_hash(model->config)},
          {"keys", keys},
          {"tensors", tensors},
          {"totals", totals}};
}

std::string line_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_of(const ordered_json& j) {
  std::string text;
  for (const auto& [key, value] : j["keys"].items())
    text += fmt::format(
        "{:<42} {}\n", key,
        value.is_object()
            ? fmt::format("{} entries: {}...", line_of(value["count"]), line_of(value["first"]))
            : line_of(value));
  text += fmt::format("\n{:<28} {:>6} {:>14} {:>12} {:>8} {:>8}\n", "tensor", "type", "shape",
                      "bytes", "zeros", "entropy");
  for (const ordered_json& t : j["tensors"]) {
    text += fmt::format("{:<28} {:>6} {:>14} {:>12}", t["name"].get<std::string>(),
                        t["type"].get<std::string>(), line_of(t["shape"]),
                        t["bytes"].get<std::uint64_t>());
    if (t.contains("zero_fraction"))
      text += fmt::format(" {:>8.4f} {:>8.4f}", t["zero_fraction"].get<double>(),
                          t["entropy_bits_per_weight"].get<double>());
    text += "\n";
  }
  const ordered_json& totals = j["totals"];
  text += fmt::format(
      "\n{} weights in {} bytes, {:.4f} bits per weight; file {} bytes\n",
      totals["weights"].get<std::uint64_t>(), totals["weight_bytes"].get<std::uint64_t>(),
      totals["bits_per_weight"].get<double>(), totals["file_bytes"].get<std::uint64_t>());
  if (totals.contains("ternary"))
    text += fmt::format(
        "{} of them ternary in {} bytes, {:.4f} bits per weight; {:.4f} zeros, entropy {:.4f} "
        "bits\n",
        totals["ternary_weights"].get<std::uint64_t>(),
        totals["ternary_bytes"].get<std::uint64_t>(),
        totals["ternary_bits_per_weight"].get<double>(),
        totals["ternary"]["zero_fraction"].get<double>(),
        totals["ternary"]["entropy_bits_per_weight"].get<double>());
  return text;
}

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, {o.model});
  const ordered_json j = inspect(o.model);
  print_out(text_of(j));
  if (!o.json.empty())
    models::write_whole_file(
        o.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand("inspect", "Show what a checkpoint holds");
  cmd->add_option("model", o->model, "Checkpoint (GGUF)")->required();
  cmd->add_option("--json", o->json, "Write all of it here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
