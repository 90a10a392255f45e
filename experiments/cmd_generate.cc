// SPDX-License-Identifier: Apache-2.0
//
// tern generate: continues a prompt. The text goes to standard output as it comes, prompt first;
// a summary goes to standard error. The prompt is a text as it is: for turns of a chat, tern chat.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/hash.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/sampler_options.h"
#include "models/checkpoint.h"
#include "models/detokenizer.h"
#include "models/generate.h"
#include "models/stop_strings.h"
#include "models/text_file.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string model, prompt, prompt_file, json;
  std::vector<std::string> stop_strings;
  bool ignore_eos = false;
  EngineOptions engine;
  models::GenerateOptions generate;
};

std::string prompt_of(const Options& o) {
  return o.prompt_file.empty() ? o.prompt : models::read_text(o.prompt_file);
}

// The work of prefill and that of decode, told apart at the first sampled token.
struct PhaseCounts {
  models::StepCounts prefill, decode;
};

nlohmann::ordered_json report(const Options& o, const models::SamplerOptions& sampler,
                              const models::Model& model, const Engine& engine,
                              const std::vector<models::TokenId>& prompt_tokens,
                              const std::string& prompt, const std::string& text,
                              const models::Generation& g, double load_s,
                              const PhaseCounts& counts) {
  nlohmann::ordered_json j = {
      {"schema", "tern.generate"},
      {"schema_version", 1},
      {"provenance", provenance()},
      {"model",
       {{"path", o.model}, {"name", model.config.name}, {"file_hash", hash_of_file(o.model)}}},
      {"config", to_json(model.config)},
      {"config_hash", config_hash(model.config)},
      {"seed", sampler.seed},
      {"sampler", to_json(sampler)},
      {"stop_strings", o.stop_strings},
      {"ignore_eos", o.ignore_eos},
      {"engine", engine.name},
      {"isa", kernels::isa_name(engine.isa)},
      {"layout", engine.layout},
      {"threads", engine.pool->threads()},
      {"prompt", prompt},
      {"prompt_tokens", prompt_tokens},
      {"text", text},
      {"tokens", g.tokens},
      {"stop", models::stop_name(g.stop)},
      {"load_s", load_s},
      {"prefill", speed_json(g.prefill_tokens, g.prefill_s)},
      {"decode", speed_json(g.decode_steps, g.decode_s)},
  };
  if (engine.transformer != nullptr) {
    j["prefill"]["counts"] = to_json(counts.prefill);
    j["decode"]["counts"] = to_json(counts.decode);
  }
  return j;
}

void run(const Options& o) {
  using Clock = std::chrono::steady_clock;
  models::check(o.generate.sampler);
  models::StopStrings stop(o.stop_strings);
  models::check_outputs({{"--json", o.json}}, {o.model, o.prompt_file});
  const std::string prompt = prompt_of(o);
  const auto begin = Clock::now();
  const auto model = models::load_checkpoint(o.model, o.engine.load);
  const models::Tokenizer& tokenizer = tokenizer_of(*model, o.model);
  const Interrupt interrupt;
  const Engine engine = make_engine(o.engine, *model, [&interrupt] { return !interrupt.seen(); });
  const double load_s = std::chrono::duration<double>(Clock::now() - begin).count();

  const auto prompt_tokens = tokenizer.encode(prompt, true);
  const std::string from = o.prompt_file.empty() ? "--prompt" : o.prompt_file;
  if (prompt_tokens.empty())
    throw std::runtime_error(from +
                             ": the prompt is empty, and the model begins no text by itself "
                             "(its tokenizer adds no BOS token)");
  models::GenerateOptions options = o.generate;
  std::vector<models::TokenId>& ends = o.ignore_eos ? options.sampler.banned : options.stops;
  ends = tokenizer.data().stops;
  if (const auto eos = tokenizer.data().eos;
      eos && std::find(ends.begin(), ends.end(), *eos) == ends.end())
    ends.push_back(*eos);
  if (prompt_tokens.size() > model->config.context)
    throw std::runtime_error(
        fmt::format("{}: the prompt has {} tokens, the model's context holds {}", from,
                    prompt_tokens.size(), model->config.context));

  TextStream out;
  out.add(prompt);
  PhaseCounts counts;
  bool first = true;
  std::string text;
  models::Detokenizer detokenizer(tokenizer, false, false);  // the reply continues the prompt
  const auto show = [&](const std::string& more) {
    text += more;
    out.add(more);
  };
  options.go_on = [&] { return !interrupt.seen(); };
  models::Generation g =
      models::generate(*engine.decoder, prompt_tokens, options, [&](models::TokenId id) {
        if (first && engine.transformer != nullptr) {
          counts.prefill = engine.transformer->counts();
          engine.transformer->reset_counts();
        }
        first = false;
        show(stop.add(detokenizer.add(id)));
        return !interrupt.seen() && !stop.hit();
      });
  if (stop.hit()) g.stop = models::Stop::kString;
  show(stop.finish());
  if (engine.transformer != nullptr)
    (first ? counts.prefill : counts.decode) = engine.transformer->counts();
  out.finish();
  print_out("\n");
  fmt::print(stderr,
             "prefill {} tokens in {:.3f} s, {:.1f} tokens/s; decode {} tokens in {:.3f} s, "
             "{:.1f} tokens/s; stopped by {}\n",
             g.prefill_tokens, g.prefill_s, tokens_per_s(g.prefill_tokens, g.prefill_s),
             g.decode_steps, g.decode_s, tokens_per_s(g.decode_steps, g.decode_s),
             models::stop_name(g.stop));
  if (!o.json.empty()) {
    const auto j =
        report(o, options.sampler, *model, engine, prompt_tokens, prompt, text, g, load_s, counts);
    models::write_whole_file(
        o.json, j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (g.stop == models::Stop::kCaller) throw Exit{kExitInterrupted};
}

}  // namespace

void add_generate(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand("generate", "Continue a prompt");
  cmd->add_option("model", o->model, "Checkpoint: GGUF file or Hugging Face directory")->required();
  CLI::Option* prompt = cmd->add_option("-p,--prompt", o->prompt, "The text to continue");
  CLI::Option* file =
      cmd->add_option("--prompt-file", o->prompt_file, "The same, in a file; -: standard input");
  prompt->excludes(file);
  cmd->add_option("-n,--tokens", o->generate.max_tokens, "Most tokens to generate")
      ->check(at_least<std::size_t>(1))
      ->capture_default_str();
  add_engine_options(*cmd, o->engine);
  add_sampler_options(*cmd, o->generate.sampler);
  cmd->add_option("--stop", o->stop_strings,
                  "Text that ends the generation where it comes, and is not shown; may be repeated")
      ->allow_extra_args(false);
  cmd->add_flag("--ignore-eos", o->ignore_eos,
                "Never sample what ends a text, and so go on to --tokens or the context's end");
  add_output(*cmd, "--json", o->json, "Write tokens, text, times and counts here");
  cmd->callback([o, prompt, file] {
    if (prompt->count() + file->count() == 0) throw CLI::RequiredError("--prompt or --prompt-file");
    run(*o);
  });
}

}  // namespace tern::experiments
