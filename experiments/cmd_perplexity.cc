// SPDX-License-Identifier: Apache-2.0
//
// tern perplexity: mean negative log-likelihood of a text, which is tokenised as a whole and cut
// into windows (models/perplexity.h).

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numbers>
#include <optional>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/hash.h"
#include "experiments/interrupt.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "experiments/token_ids.h"
#include "models/checkpoint.h"
#include "models/perplexity.h"
#include "models/text_file.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string model, file, ids_file, json;
  std::size_t context = 0;  // 0: the mode's
  std::string mode = "second-half";
  EngineOptions engine;
};

struct Mode {
  const char* name;
  models::PerplexityMode mode;
};
constexpr Mode kModes[] = {{"second-half", models::PerplexityMode::kSecondHalf},
                           {"every-token", models::PerplexityMode::kEveryToken},
                           {"as-is", models::PerplexityMode::kAsIs}};
constexpr std::size_t kLlamaContext = 512;  // llama.cpp's default

// The tokens of the file's `text` and, where the mode wants one, the token that stands before.
std::vector<models::TokenId> tokens_of(std::string_view text, const Options& o,
                                       const models::Model& model, models::PerplexityOptions& how) {
  const models::TokenizerData none;  // ids need no tokenizer
  const models::TokenizerData& t = model.tokenizer ? model.tokenizer->data() : none;
  using models::PerplexityMode;
  if (how.mode == PerplexityMode::kEveryToken) {
    how.first = t.bos ? t.bos : t.eos;
    if (!how.first)
      throw std::runtime_error(o.model +
                               ": tokenizer.ggml.bos_token_id: the key is missing; --mode "
                               "as-is needs none");
  }
  if (how.mode == PerplexityMode::kSecondHalf && t.add_bos) how.first = t.bos;
  if (!o.ids_file.empty()) return parse_ids(text, model.config.vocab, o.ids_file);
  const models::Tokenizer& tokenizer = tokenizer_of(model, o.model);
  // As llama.cpp: the BOS before the text counts as a token of it, and what spells a special token
  // is no such token.
  if (how.mode == PerplexityMode::kSecondHalf) return tokenizer.encode(text, true, false);
  return tokenizer.encode(text, false);
}

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, {o.model, o.file, o.ids_file});
  const bool text = o.ids_file.empty();
  const std::string& file = text ? o.file : o.ids_file;
  const std::string contents = models::read_text(file);  // before the model, which may take long
  const auto model = models::load_checkpoint(o.model, o.engine.load);
  models::PerplexityOptions how;
  for (const Mode& mode : kModes)
    if (o.mode == mode.name) how.mode = mode.mode;
  const bool half = how.mode == models::PerplexityMode::kSecondHalf;
  const std::size_t most = model->config.context, least = half ? 3 : 2;
  how.window = o.context != 0 ? o.context : half ? std::min(most, kLlamaContext) : most;
  if (how.window < least || how.window > most)
    throw std::runtime_error(
        fmt::format("--context is {}, expected {} to the model's {}", how.window, least, most));
  const std::vector<models::TokenId> tokens = tokens_of(contents, o, *model, how);
  const models::PerplexityWork work = models::perplexity_work(how, tokens.size());
  if (work.tokens == 0)
    throw std::runtime_error(fmt::format("{}: found {} tokens, one window of --mode {} needs {}{}",
                                         file, tokens.size(), o.mode, half ? how.window : 2,
                                         half ? "; a smaller --context helps" : ""));
  const Engine engine = make_engine(o.engine, *model);

  std::optional<EndOnInterrupt> interrupt(std::in_place);
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto shown = begin;
  const models::Perplexity p = models::perplexity(
      *engine.decoder, model->config.vocab, how, tokens, [&](const models::Perplexity& so_far) {
        if (so_far.tokens != 0 && Clock::now() - shown > std::chrono::seconds(2)) {
          shown = Clock::now();
          fmt::print(stderr, "{} of {} tokens, window {} of {}, perplexity {:.4f} so far\n",
                     so_far.tokens, work.tokens, so_far.windows, work.windows, so_far.perplexity());
        }
        return true;
      });
  interrupt.reset();  // files are to be written whole
  const double time_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const std::size_t bytes = text ? contents.size() : 0;
  // Of the whole text only where all of it is predicted.
  const bool whole = text && how.mode == models::PerplexityMode::kEveryToken;
  const double bits_per_byte = p.nats / std::numbers::ln2 / static_cast<double>(bytes);
  print_out(fmt::format(
      "perplexity {:.4f} +/- {:.5f}, {:.6f} nats per token{}\n"
      "{} of {} tokens predicted ({}) in {} windows of {} tokens, {:.1f} tokens/s\n",
      p.perplexity(), p.standard_error(), p.nats_per_token(),
      whole ? fmt::format(", {:.6f} bits per byte", bits_per_byte) : "", p.tokens, tokens.size(),
      o.mode, p.windows, how.window, static_cast<double>(p.tokens) / time_s));
  if (o.json.empty()) return;
  nlohmann::ordered_json j = {
      {"schema", "tern.perplexity"},
      {"schema_version", 2},
      {"provenance", provenance()},
      {"model",
       {{"path", o.model}, {"name", model->config.name}, {"file_hash", hash_of_file(o.model)}}},
      {"config_hash", config_hash(model->config)},
      {"file", file},
      {"engine", engine.name},
      {"isa", kernels::isa_name(engine.isa)},
      {"layout", engine.layout},
      {"threads", engine.pool->threads()},
      {"mode", o.mode},
      {"context", how.window},
      {"windows", p.windows},
      {"text_tokens", tokens.size()},
      {"tokens", p.tokens},
      {"perplexity", p.perplexity()},
      {"perplexity_standard_error", p.standard_error()},
      {"nats_per_token", p.nats_per_token()},
      {"time_s", time_s}};
  if (text) j["file_bytes"] = bytes;
  if (whole) j["bits_per_byte"] = bits_per_byte;
  models::write_whole_file(o.json,
                           j.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

void add_perplexity(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand(
      "perplexity", "How surprised a model is by a running text (for story models: tern evaluate)");
  cmd->add_option("model", o->model, "Checkpoint: GGUF file or Hugging Face directory")->required();
  CLI::Option* file = cmd->add_option("--file", o->file, "The text; -: standard input");
  CLI::Option* ids =
      cmd->add_option("--ids-file", o->ids_file, "Or its tokens: numbers between commas or blanks");
  file->excludes(ids);
  std::vector<std::string> names;
  for (const Mode& mode : kModes) names.emplace_back(mode.name);
  cmd->add_option("--mode", o->mode,
                  "second-half: as llama.cpp, whole windows, the second half of each predicted; "
                  "every-token: each token once, windows begin with the BOS; as-is: windows with "
                  "nothing added, all but the first token of each")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  cmd->add_option("--context", o->context,
                  "Window in tokens; default: the model's context, second-half: 512 at most");
  o->engine.kv = "f32";  // exact
  add_engine_options(*cmd, o->engine);
  add_output(*cmd, "--json", o->json, "Write the figures here");
  cmd->callback([o, file, ids] {
    if (file->count() + ids->count() == 0) throw CLI::RequiredError("--file or --ids-file");
    run(*o);
  });
}

}  // namespace tern::experiments
