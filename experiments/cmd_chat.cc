// SPDX-License-Identifier: Apache-2.0
//
// tern chat: a conversation with a model, by the chat template of its checkpoint.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "experiments/chat_file.h"
#include "experiments/chat_repl.h"
#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/line_reader.h"
#include "experiments/number_option.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/sampler_options.h"
#include "models/checkpoint.h"
#include "models/stop_strings.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string model, shape, system, load, json;
  std::vector<std::string> stop_strings;
  models::GenerateOptions generate;
  EngineOptions engine;
};

const models::ChatTemplate& shape_of(const Options& o, const models::TokenizerData& tokenizer) {
  if (!o.shape.empty()) return models::chat_template(o.shape);
  try {
    return models::recognise_chat_template(tokenizer.chat_template);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(o.model + ": tokenizer.chat_template: " + error.what() +
                             " (--template)");
  }
}

void run(const Options& o) {
  models::check(o.generate.sampler);
  models::StopStrings{o.stop_strings};
  models::check_outputs({{"--json", o.json}}, {o.model, o.load});
  std::vector<models::Message> history;
  if (!o.load.empty()) history = read_chat_file(o.load);
  if (!history.empty() && history.back().role == models::Role::kUser)
    throw std::runtime_error(o.load + ": the last message is a question; /load answers it");
  const auto model = models::load_checkpoint(o.model, o.engine.load);
  const models::Tokenizer& tokenizer = tokenizer_of(*model, o.model);
  const models::ChatTemplate& shape = shape_of(o, tokenizer.data());
  HeldInterrupts interrupts;  // before the engine's threads are started
  const Engine engine = make_engine(o.engine, *model, [&] { return !interrupts.pending(); });
  models::Chat chat(tokenizer, shape, *engine.decoder);
  chat.set_history(std::move(history));
  if (!o.system.empty()) chat.set_system(o.system);

  ReplOptions options{o.generate, o.stop_strings, model->config.name, isatty(STDIN_FILENO) == 1};
  if (options.terminal)
    fmt::print(stderr, "{}, template {}, context of {} tokens; /help shows the commands\n",
               model->config.name, shape.name, model->config.context);
  Repl repl(options, chat, interrupts);
  const int code = repl.run();
  if (!o.json.empty()) {
    auto j = chat_to_json(chat.messages(), shape, model->config.name);
    j["config_hash"] = config_hash(model->config);
    j["engine"] = engine.name;
    j["isa"] = kernels::isa_name(engine.isa);
    j["layout"] = engine.layout;
    j["threads"] = engine.pool->threads();
    j["sampler"] = to_json(o.generate.sampler);
    j["seed"] = o.generate.sampler.seed;
    j["replies"] = repl.replies();
    models::write_whole_file(
        o.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (code != 0) throw Exit{code};
}

}  // namespace

void add_chat(CLI::App& app) {
  auto o = std::make_shared<Options>();
  // As llama.cpp has them.
  o->generate = {.max_tokens = 512,
                 .sampler = {.temperature = 0.8, .top_k = 40, .top_p = 0.95, .min_p = 0.05}};
  CLI::App* cmd = app.add_subcommand("chat", "A conversation with a model");
  cmd->add_option("model", o->model, "Checkpoint: GGUF file or Hugging Face directory")->required();
  std::vector<std::string> names;
  std::string list;
  for (const models::ChatTemplate& t : models::chat_templates()) {
    names.emplace_back(t.name);
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", t.name, t.models);
  }
  cmd->add_option("--template", o->shape,
                  "How turns are written; default: as the checkpoint's template says. " + list)
      ->check(CLI::IsMember(names));
  cmd->add_option("--system", o->system, "What the model is told first");
  cmd->add_option("--load", o->load, "Go on with a conversation that /save wrote");
  cmd->add_option("-n,--tokens", o->generate.max_tokens, "Most tokens of a reply")
      ->check(at_least<std::size_t>(1))
      ->capture_default_str();
  add_engine_options(*cmd, o->engine);
  add_sampler_options(*cmd, o->generate.sampler);
  cmd->add_option("--stop", o->stop_strings,
                  "Text that ends a reply where it comes, and is not shown; may be repeated")
      ->allow_extra_args(false);
  add_output(*cmd, "--json", o->json, "Write the conversation, tokens and times here at the end");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
