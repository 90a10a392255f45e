// SPDX-License-Identifier: Apache-2.0
//
// tern synth: a checkpoint of a known shape with random weights.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/progress.h"
#include "experiments/provenance.h"
#include "models/gguf_metadata.h"
#include "models/gguf_write.h"
#include "models/synth.h"
#include "models/synth_tokenizer.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string shape = "bitnet-2b4t", out, json;
  std::optional<std::string> linears;  // none: as the shape's release
  std::string head_rows = "realistic";
  std::size_t vocab = 0, layers = 0, context = 0;  // 0: as the shape
  unsigned threads = 0;                            // 0: one per CPU
  models::SynthOptions synth;
};

models::SynthOptions synth_options(const Options& o) {
  models::SynthOptions s = o.synth;
  const models::SynthShape& shape = models::synth_shape(o.shape);
  s.config = shape.config;
  s.linears = o.linears.value_or(std::string(shape.linears));
  if (o.vocab != 0) s.config.vocab = o.vocab;
  if (o.layers != 0) s.config.layers = o.layers;
  if (o.context != 0) s.config.context = o.context;
  s.head_rows =
      o.head_rows == "uniform" ? models::HeadRows::kUniform : models::HeadRows::kRealistic;
  return s;
}

void run(const Options& o) {
  using Clock = std::chrono::steady_clock;
  models::check_outputs({{"--out", o.out}, {"--json", o.json}});
  const auto begin = Clock::now();
  const models::SynthOptions s = synth_options(o);
  const std::uint32_t file_type = models::gguf_file_type(s.linears);
  check(s.config, o.shape);
  models::TokenizerData tokenizer = models::synth_tokenizer(s.config.vocab, s.seed);
  tokenizer.chat_template = models::synth_chat_template(s.config);
  models::check_metadata(s.config, tokenizer);
  kernels::ThreadPool pool(o.threads != 0 ? o.threads
                                          : std::max(1u, std::thread::hardware_concurrency()));
  const auto tensors = models::synth_tensors(s, pool);
  const models::GgufValues values = models::gguf_metadata(s.config, tokenizer, file_type);
  const std::uint64_t bytes = models::gguf_bytes(values, tensors);

  const Interrupt interrupt;
  Progress progress("tensors");
  if (!models::write_gguf(o.out, values, tensors, [&](std::size_t i) {
        progress.at(i, tensors.size(), tensors[i].name);
        return !interrupt.seen();
      }))
    throw Exit{kExitInterrupted};
  progress.done();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  print_out(
      fmt::format("{}: {} tensors, {} bytes, {:.1f} s\n", o.out, tensors.size(), bytes, seconds));
  if (o.json.empty()) return;
  const nlohmann::ordered_json j = {{"schema", "tern.synth"},
                                    {"schema_version", 1},
                                    {"provenance", provenance()},
                                    {"shape", o.shape},
                                    {"config", to_json(s.config)},
                                    {"config_hash", config_hash(s.config)},
                                    {"seed", s.seed},
                                    {"linears", s.linears},
                                    {"embeddings", s.config.tied_head ? s.head : s.embeddings},
                                    {"head", s.head},
                                    {"head_rows", o.head_rows},
                                    {"zero_fraction", s.zeros},
                                    {"tensors", tensors.size()},
                                    {"tokens", tokenizer.tokens.size()},
                                    {"merges", tokenizer.merges.size()},
                                    {"file", o.out},
                                    {"bytes", bytes},
                                    {"threads", pool.threads()},
                                    {"time_s", seconds}};
  models::write_whole_file(o.json, j.dump(1) + "\n");
}

}  // namespace

void add_synth(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd =
      app.add_subcommand("synth", "Write a checkpoint of a known shape with random weights");
  std::string shapes;
  for (const models::SynthShape& shape : models::synth_shapes())
    shapes += fmt::format("\n  {:<16} {}", shape.name, shape.source);
  cmd->footer("Shapes:" + shapes);
  cmd->add_option("--shape", o->shape, "Of which model; see below")->capture_default_str();
  add_output(*cmd, "--out", o->out, "The GGUF file to write")->required();
  cmd->add_option_function<std::string>(
      "--linears", [o](const std::string& format) { o->linears = format; },
      "Their format: i2_s, tq1_0, ..., or a dense one for a twin of the same shape; "
      "default: the shape's own");
  cmd->add_option("--head", o->synth.head, "Format of the head (and the embedding, if tied)")
      ->capture_default_str();
  cmd->add_option("--embeddings", o->synth.embeddings,
                  "Format of an embedding that is not the head")
      ->capture_default_str();
  cmd->add_option("--head-rows", o->head_rows,
                  "Lengths of the rows of embedding and head: as in LLaMA-3, or all alike")
      ->check(CLI::IsMember({"realistic", "uniform"}))
      ->capture_default_str();
  cmd->add_option("--zeros", o->synth.zeros, "Fraction of ternary weights that are 0")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  cmd->add_option("--seed", o->synth.seed, "Of weights and vocabulary")->capture_default_str();
  cmd->add_option("--vocab", o->vocab, "Tokens, if not the shape's")
      ->check(at_least<std::size_t>(1));
  cmd->add_option("--layers", o->layers, "Layers, if not the shape's")
      ->check(at_least<std::size_t>(1));
  cmd->add_option("--context", o->context, "Context, if not the shape's")
      ->check(at_least<std::size_t>(1));
  cmd->add_option("--threads", o->threads, "Default: one per CPU; the file does not depend on it");
  add_output(*cmd, "--json", o->json, "Write what was written here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
