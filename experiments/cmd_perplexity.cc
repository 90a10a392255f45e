// SPDX-License-Identifier: Apache-2.0
//
// tern perplexity: mean negative log-likelihood of a text. The file is tokenised as a whole and
// cut into consecutive windows; each is read after the BOS token (EOS where there is none) from an
// empty context, and every token of the file is predicted exactly once.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/interrupt.h"
#include "experiments/output.h"
#include "experiments/provenance.h"
#include "models/checkpoint.h"
#include "models/perplexity.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string model, file, json;
  std::size_t context = 0;  // 0: the model's
  EngineOptions engine;
};

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, {o.model, o.file});
  const models::MappedFile text = models::map_file(o.file);
  const auto model = models::load_checkpoint(o.model);
  const models::Tokenizer tokenizer(model->tokenizer);
  const auto first = model->tokenizer.bos ? model->tokenizer.bos : model->tokenizer.eos;
  if (!first)
    throw std::runtime_error(o.model + ": tokenizer.ggml.bos_token_id: the key is missing");
  const std::size_t window = o.context == 0 ? model->config.context : o.context;
  if (window < 2 || window > model->config.context)
    throw std::runtime_error(fmt::format("--context is {}, expected 2 to the model's {}", window,
                                         model->config.context));
  const Engine engine = make_engine(o.engine, *model);
  const auto tokens = tokenizer.encode(
      {reinterpret_cast<const char*>(text.bytes.data()), text.bytes.size()}, false);

  const Interrupt interrupt;
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto shown = begin;
  const models::Perplexity p = models::perplexity(
      *engine.decoder, model->config.vocab, *first, tokens, window, [&](std::size_t done) {
        if (Clock::now() - shown > std::chrono::seconds(2)) {
          shown = Clock::now();
          fmt::print(stderr, "{} of {} tokens\n", done, tokens.size());
        }
        return !interrupt.seen();
      });
  if (interrupt.seen()) throw Exit{kExitInterrupted};
  const double time_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const double nats = p.nats / static_cast<double>(p.tokens);
  const double bits_per_byte = p.nats / std::numbers::ln2 / static_cast<double>(text.bytes.size());
  print_out(
      fmt::format("perplexity {:.4f}, {:.6f} nats per token, {:.6f} bits per byte\n"
                  "{} tokens of {} bytes in {} windows of {} tokens, {:.1f} tokens/s\n",
                  std::exp(nats), nats, bits_per_byte, p.tokens, text.bytes.size(), p.windows,
                  window, static_cast<double>(p.tokens) / time_s));
  if (o.json.empty()) return;
  const nlohmann::ordered_json j = {
      {"schema", "tern.perplexity"},
      {"schema_version", 1},
      {"provenance", provenance()},
      {"model",
       {{"path", o.model}, {"name", model->config.name}, {"file_hash", hash_of_file(o.model)}}},
      {"config_hash", config_hash(model->config)},
      {"file", o.file},
      {"file_bytes", text.bytes.size()},
      {"engine", engine.name},
      {"isa", kernels::isa_name(engine.isa)},
      {"layout", o.engine.layout},
      {"threads", engine.pool->threads()},
      {"context", window},
      {"windows", p.windows},
      {"tokens", p.tokens},
      {"perplexity", std::exp(nats)},
      {"nats_per_token", nats},
      {"bits_per_byte", bits_per_byte},
      {"time_s", time_s}};
  models::write_whole_file(o.json,
                           j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_perplexity(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand(
      "perplexity", "How surprised a model is by a running text (for story models: tern evaluate)");
  cmd->add_option("model", o->model, "Checkpoint (GGUF)")->required();
  cmd->add_option("--file", o->file, "The text")->required();
  cmd->add_option("--context", o->context, "Window in tokens; default: the model's context");
  add_engine_options(*cmd, o->engine);
  cmd->add_option("--json", o->json, "Write the figures here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
