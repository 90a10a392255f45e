// SPDX-License-Identifier: Apache-2.0
//
// tern inspect: what a checkpoint holds: keys, tokenizer, tensors, and how its trits are
// distributed over the layers.

#include <fmt/format.h>

#include <algorithm>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/inspect.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

struct Options {
  InspectOptions inspect;
  std::string json;
  bool keys = false, tensors = false, layers = false;  // none of them: all
  bool no_weights = false;

  bool all() const { return !keys && !tensors && !layers; }
};

std::string line_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string keys_text(const ordered_json& j) {
  std::string text;
  for (const auto& [key, value] : j["keys"].items())
    text += fmt::format(
        "{:<42} {}\n", key,
        value.is_object() && value.contains("count")
            ? fmt::format("{} entries: {}...", line_of(value["count"]), line_of(value["first"]))
            : line_of(value));
  const ordered_json& t = j["tokenizer"];
  if (t.is_null()) return text + "\nno tokenizer\n";
  const auto number = [&](const char* key) { return t[key].get<std::size_t>(); };
  text += fmt::format(
      "\ntokenizer {}, pre-tokenizer {}: {} tokens ({} control, {} user-defined, {} unused, {} "
      "bytes), {} merges, chat template of {} bytes\n",
      t["model"].get<std::string>(), t["pre"].get<std::string>(), number("tokens"),
      number("control_tokens"), number("user_defined_tokens"), number("unused_tokens"),
      number("byte_tokens"), number("merges"), number("chat_template_bytes"));
  for (const char* special : {"bos", "eos", "unknown", "padding"})
    if (!t[special].is_null())
      text += fmt::format("{:<10} {} {}\n", special, line_of(t[special]["id"]),
                          line_of(t[special]["text"]));
  return text;
}

std::string stats_text(const ordered_json& row) {
  if (!row.contains("zero_fraction")) return "\n";
  return fmt::format(" {:>8.4f} {:>8.4f}\n", row["zero_fraction"].get<double>(),
                     row["entropy_bits_per_weight"].get<double>());
}

std::string tensors_text(const ordered_json& j) {
  std::size_t width = 28;
  for (const ordered_json& t : j["tensors"])
    width = std::max(width, t["name"].get<std::string>().size());
  std::string text = fmt::format("{:<{}} {:>6} {:>14} {:>12} {:>8} {:>8}\n", "tensor", width,
                                 "type", "shape", "bytes", "zeros", "entropy");
  for (const ordered_json& t : j["tensors"])
    text += fmt::format("{:<{}} {:>6} {:>14} {:>12}", t["name"].get<std::string>(), width,
                        t["type"].get<std::string>(), line_of(t["shape"]),
                        t["bytes"].get<std::uint64_t>()) +
            stats_text(t);
  return text;
}

std::string layers_text(const ordered_json& j) {
  std::string text = fmt::format("{:<5} {:>12} {:>12} {:>8} {:>8} {:>8}\n", "layer", "weights",
                                 "bytes", "bits", "zeros", "entropy");
  for (const ordered_json& layer : j["layers"])
    text += fmt::format("{:<5} {:>12} {:>12} {:>8.4f}", layer["layer"].get<std::size_t>(),
                        layer["weights"].get<std::uint64_t>(), layer["bytes"].get<std::uint64_t>(),
                        layer["bits_per_weight"].get<double>()) +
            stats_text(layer);
  return text;
}

std::string totals_text(const ordered_json& totals) {
  std::string text = fmt::format(
      "{} weights in {} bytes, {:.4f} bits per weight; file {} bytes\n",
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

void run(Options o) {
  models::check_outputs({{"--json", o.json}}, {o.inspect.model});
  o.inspect.weights = !o.no_weights;
  const ordered_json j = inspect(o.inspect);
  std::string text;
  if (o.all() || o.keys) text += keys_text(j) + "\n";
  if (o.all() || o.tensors) text += tensors_text(j) + "\n";
  if (o.all() || o.layers) text += layers_text(j) + "\n";
  print_out(text + totals_text(j["totals"]));
  if (!o.json.empty())
    models::write_whole_file(
        o.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand("inspect", "Show what a checkpoint holds");
  cmd->add_option("model", o->inspect.model, "Checkpoint: a GGUF file or a Hugging Face directory")
      ->required();
  cmd->add_flag("--keys", o->keys, "Show keys and tokenizer (with no such flag: everything)");
  cmd->add_flag("--tensors", o->tensors, "Show the tensors");
  cmd->add_flag("--layers", o->layers, "Show bits, zeros and entropy per layer");
  cmd->add_flag("--no-weights", o->no_weights, "Read headers only: no zeros, no entropy");
  add_load_options(*cmd, o->inspect.load);
  add_output(*cmd, "--json", o->json, "Write all of it here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
