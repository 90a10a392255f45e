// SPDX-License-Identifier: Apache-2.0
//
// tern convert: a checkpoint into another kind of file, or with its weights in other formats.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/progress.h"
#include "experiments/provenance.h"
#include "models/checkpoint.h"
#include "models/convert.h"
#include "models/hf_checkpoint.h"
#include "models/hf_tokenizer.h"
#include "models/output_place.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string in, out, json;
  std::string to;  // "gguf", "hf"; empty: by the name of `out`
  std::string tokenizer;
  models::LoadOptions load;
  unsigned threads = 0;  // 0: one per CPU
  models::ConvertOptions convert;
};

// A pipe, which takes no directory, takes a file.
std::string kind_of_output(const Options& o) {
  if (!o.to.empty()) return o.to;
  const bool pipe = models::output_place(o.out).in_place() && !std::filesystem::is_directory(o.out);
  return pipe || o.out.ends_with(".gguf") ? "gguf" : "hf";
}

ordered_json row_of(const models::MatrixReport& r) {
  ordered_json j = {{"name", r.name},          {"from", r.from}, {"to", r.to},
                    {"rows", r.rows},          {"cols", r.cols}, {"bytes", r.bytes},
                    {"max_error", r.max_error}};
  if (r.ternary) {
    j["trits_changed"] = r.trits_changed;
    j["scale"] = r.scale;
    j["scale_written"] = r.scale_written;
  }
  return j;
}

// One line for each pair of formats.
std::string summary(const models::ConvertReport& report) {
  struct Kind {
    std::string from, to;
    std::size_t matrices = 0;
    std::uint64_t weights = 0, bytes = 0, trits_changed = 0;
    double max_error = 0;
    bool ternary = false;
  };
  std::vector<Kind> kinds;
  for (const models::MatrixReport& r : report.matrices) {
    auto kind = std::find_if(kinds.begin(), kinds.end(),
                             [&](const Kind& k) { return k.from == r.from && k.to == r.to; });
    if (kind == kinds.end()) kind = kinds.insert(kinds.end(), Kind{r.from, r.to});
    ++kind->matrices;
    kind->weights += r.rows * r.cols;
    kind->bytes += r.bytes;
    kind->trits_changed += r.trits_changed;
    kind->max_error = std::max(kind->max_error, r.max_error);
    kind->ternary = r.ternary;
  }
  std::string text;
  for (const Kind& k : kinds)
    text += fmt::format(
        "{:>4} matrices {:>8} -> {:<8} {:>12} bytes, {}\n", k.matrices, k.from, k.to, k.bytes,
        k.ternary
            ? fmt::format("{} trits changed, scales within {:.3g}", k.trits_changed, k.max_error)
            : fmt::format("weights within {:.3g}", k.max_error));
  return text;
}

void run(Options o) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::string> inputs = {o.in};
  if (std::filesystem::is_directory(o.in))
    for (const auto& entry : std::filesystem::directory_iterator(o.in))
      inputs.push_back(entry.path().string());
  models::check_apart({{"OUT", o.out}, {"--json", o.json}}, inputs);
  const std::string to = kind_of_output(o);
  if (to == "hf")
    models::check_writable_directory(o.out);
  else if (std::filesystem::is_directory(o.out))
    throw std::runtime_error(o.out + ": is a directory; name a file, or --to hf");
  else
    models::check_writable(o.out);
  if (!o.json.empty()) models::check_writable(o.json);
  const auto begin = Clock::now();
  const auto model = models::load_checkpoint(o.in, o.load);
  models::TokenizerData tokenizer;
  if (o.tokenizer.empty() && model->tokenizer)
    tokenizer = model->tokenizer->data();
  else if (!o.tokenizer.empty())
    if (auto other = models::read_hf_tokenizer(o.tokenizer)) tokenizer = std::move(*other).take();
  models::name_every_id(tokenizer, model->config.vocab, o.in);
  if (o.convert.name.empty()) o.convert.name = model->config.name;
  if (o.convert.name.empty())
    o.convert.name = std::filesystem::absolute(o.in).lexically_normal().filename().string();
  if (to == "gguf" && tokenizer.tokens.empty())
    throw std::runtime_error(o.in +
                             ": has no tokenizer, and a GGUF file needs one: name a directory that "
                             "has one with --tokenizer");
  kernels::ThreadPool pool(o.threads != 0 ? o.threads
                                          : std::max(1u, std::thread::hardware_concurrency()));
  models::ConvertReport report;
  const Interrupt interrupt;
  Progress progress("tensors");
  const auto say = [&](std::size_t done, std::size_t total, const std::string& name) {
    progress.at(done, total, name);
    return !interrupt.seen();
  };
  const bool whole = to == "gguf"
                         ? convert_to_gguf(*model, tokenizer, o.out, o.convert, pool, say, report)
                         : convert_to_hf(*model, tokenizer, o.out, o.convert, pool, say, report);
  progress.done();
  if (!whole) throw Exit{kExitInterrupted};
  for (const std::string& note : report.notes) fmt::print(stderr, "{}: {}\n", o.out, note);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  print_out(summary(report) +
            fmt::format("{}: {} bytes, {:.1f} s\n", o.out, report.bytes, seconds));
  if (o.json.empty()) return;
  ordered_json matrices = ordered_json::array();
  for (const models::MatrixReport& r : report.matrices) matrices.push_back(row_of(r));
  const ordered_json j = {{"schema", "tern.convert"},
                          {"schema_version", 1},
                          {"provenance", provenance()},
                          {"model", {{"path", o.in}, {"name", o.convert.name}}},
                          {"config", to_json(model->config)},
                          {"config_hash", config_hash(model->config)},
                          {"to", to},
                          {"path", o.out},
                          {"files", report.files},
                          {"bytes", report.bytes},
                          {"threads", pool.threads()},
                          {"time_s", seconds},
                          {"notes", report.notes},
                          {"matrices", matrices}};
  models::write_whole_file(o.json,
                           j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_convert(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand(
      "convert", "Write a checkpoint as another kind of file, or in other formats");
  cmd->add_option("in", o->in, "Checkpoint: a GGUF file or a Hugging Face directory")->required();
  add_output(*cmd, "out", o->out, "What to write: a file NAME.gguf, or a directory")->required();
  cmd->add_option("--to", o->to, "gguf or hf; default: by the name of OUT")
      ->check(CLI::IsMember({"gguf", "hf"}));
  // An empty name is a format that nothing has, and not none.
  const auto format = [&](const char* name, std::optional<std::string>& to, const char* help) {
    cmd->add_option_function<std::string>(
        name, [&to](const std::string& value) { to = value; }, help);
  };
  format("--linears", o->convert.linears,
         "Format of the linears: i2_s, i2_s_arm, tq1_0, tq2_0, tl1, tl2, f32, f16, bf16, "
         "q8_0, ... in GGUF; hf_u8, masters, f32, f16, bf16 in a directory. Default: as "
         "they are, or the nearest to it");
  format("--embeddings", o->convert.embeddings, "Format of the embedding, a dense one");
  format("--head", o->convert.head, "Format of the head, a dense one");
  cmd->add_flag(
      "--ternarize", o->convert.ternarize,
      "Quantise dense linears to trits (absmean), where --linears is ternary or not given");
  cmd->add_option("--linear-class", o->convert.linear_class,
                  "What weight_scale means in a directory: mean |W| (autobitlinear) or its "
                  "reciprocal (bitlinear). Default: bitlinear of llama, else autobitlinear")
      ->check(CLI::IsMember({"bitlinear", "autobitlinear"}));
  cmd->add_option("--shard-size", o->convert.shard_bytes, "Most bytes of a .safetensors file")
      ->transform(CLI::AsSizeValue(true))
      ->check(at_least<std::size_t>(1))
      ->capture_default_str();
  add_load_options(*cmd, o->load);
  cmd->add_option("--tokenizer", o->tokenizer, "Directory of a tokenizer to take instead");
  cmd->add_option("--name", o->convert.name, "general.name of the result");
  cmd->add_option("--threads", o->threads, "Default: one per CPU; the file does not depend on it");
  add_output(*cmd, "--json", o->json, "Write what became of every matrix here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
