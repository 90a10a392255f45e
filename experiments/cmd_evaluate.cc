// SPDX-License-Identifier: Apache-2.0
//
// tern evaluate: the loss of story models against the entropy of the stories, and how many of the
// sentences they make up the grammar has.

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "experiments/commands.h"
#include "experiments/engine.h"
#include "experiments/grammar_option.h"
#include "experiments/hash.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "models/checkpoint.h"
#include "models/evaluate.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::vector<std::string> models;
  std::string grammar, json;
  // Training draws from the streams of its own seed (1 for the embedded checkpoints).
  std::uint64_t seed = 1000003;
  std::size_t stories = 500, generate = 200;
  EngineOptions engine;
};

struct Result {
  std::string path, name;
  models::Loss loss;
  models::Generated generated;
};

Result evaluate(const Options& o, const std::string& path, const models::Grammar& grammar) {
  const auto model = models::load_checkpoint(path);
  const models::Tokenizer& tokenizer = tokenizer_of(*model, path);
  const Engine engine = make_engine(o.engine, *model);
  const EndOnInterrupt interrupt;
  auto shown = std::chrono::steady_clock::now();
  const auto progress = [&](const char* what, std::size_t done, std::size_t of) {
    if (std::chrono::steady_clock::now() - shown < std::chrono::seconds(2)) return;
    shown = std::chrono::steady_clock::now();
    fmt::print(stderr, "{}: {} {} of {}\n", path, what, done, of);
  };
  Result result{path, model->config.name, {}, {}};
  result.loss = models::story_loss(*engine.decoder, tokenizer, grammar, o.seed, o.stories,
                                   [&](std::size_t n) { progress("stories read:", n, o.stories); });
  if (o.generate != 0)
    result.generated = models::generate_stories(
        *engine.decoder, tokenizer, grammar, o.seed, o.generate,
        [&](std::size_t n) { progress("stories written:", n, o.generate); });
  return result;
}

nlohmann::ordered_json to_json(const Result& r, double bound) {
  nlohmann::ordered_json j = {
      {"path", r.path},
      {"name", r.name},
      {"file_hash", hash_of_file(r.path)},
      {"stories", r.loss.stories},
      {"tokens", r.loss.tokens},
      {"bytes", r.loss.bytes},
      {"loss_nats_per_token", r.loss.nats_per_token()},
      {"loss_bits_per_byte", r.loss.bits_per_byte()},
      {"grammar_bits_per_byte_same_stories", r.loss.grammar_bits_per_byte()},
      {"loss_over_bound", r.loss.bits_per_byte() / bound},
      {"loss_over_same_stories", r.loss.bits_per_byte() / r.loss.grammar_bits_per_byte()},
  };
  if (r.generated.stories != 0)
    j["generated"] = {{"stories", r.generated.stories},
                      {"stories_ended", r.generated.ended},
                      {"stories_parsed", r.generated.parsed_stories},
                      {"sentences", r.generated.sentences},
                      {"sentences_parsed", r.generated.parsed_sentences}};
  return j;
}

void run(const Options& o) {
  models::check_outputs({{"--json", o.json}}, o.models);
  const models::Grammar grammar = grammar_from(o.grammar);
  const double bound = grammar.entropy_bits() / grammar.expected_bytes();
  std::vector<Result> results;
  for (const std::string& path : o.models) results.push_back(evaluate(o, path, grammar));

  print_out(fmt::format(
      "entropy of the grammar: {:.6f} bits per byte ({:.3f} bits in {:.2f} bytes per story)\n"
      "{} stories, seed {}; their own -log2 p: {:.6f} bits per byte\n\n"
      "{:<24} {:>11} {:>10} {:>11} {:>13} {:>11} {:>10}\n",
      bound, grammar.entropy_bits(), grammar.expected_bytes(), o.stories, o.seed,
      results.front().loss.grammar_bits_per_byte(), "model", "nats/token", "bits/byte",
      "over bound", "over stories", "sentences", "stories"));
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Result& r : results) {
    const models::Loss& l = r.loss;
    print_out(fmt::format(
        "{:<24} {:>11.5f} {:>10.6f} {:>+10.2f}% {:>+12.2f}% {:>10.2f}% {:>9.2f}%\n", r.name,
        l.nats_per_token(), l.bits_per_byte(), 100 * (l.bits_per_byte() / bound - 1),
        100 * (l.bits_per_byte() / l.grammar_bits_per_byte() - 1),
        100 * r.generated.sentence_rate(), 100 * r.generated.story_rate()));
    rows.push_back(to_json(r, bound));
  }
  print_out(
      fmt::format("\nover bound: loss over the entropy; over stories: over the -log2 p of these\n"
                  "stories; sentences and stories: share of the generated that parse ({} stories "
                  "each, temperature 1)\n",
                  o.generate));
  if (o.json.empty()) return;
  const nlohmann::ordered_json j = {{"schema", "tern.evaluate"},
                                    {"schema_version", 1},
                                    {"provenance", provenance()},
                                    {"seed", o.seed},
                                    {"entropy_bits_per_story", grammar.entropy_bits()},
                                    {"expected_bytes_per_story", grammar.expected_bytes()},
                                    {"entropy_bits_per_byte", bound},
                                    {"engine", o.engine.engine},
                                    {"models", rows}};
  models::write_whole_file(o.json, j.dump(1) + "\n");
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand(
      "evaluate", "Loss of story models against the entropy bound; share of sentences that parse");
  cmd->add_option("models", o->models, "Checkpoints (GGUF)")->required();
  cmd->add_option("--stories", o->stories, "Fresh stories to read")
      ->capture_default_str()
      ->check(at_least<std::size_t>(1));
  cmd->add_option("--generate", o->generate, "Stories to make up; 0: none")->capture_default_str();
  cmd->add_option("--seed", o->seed, "Seed of the stories: not one that was trained on")
      ->capture_default_str();
  cmd->add_option("--grammar", o->grammar, "Grammar file (notation: models/stories.h)");
  o->engine.kv = "f32";  // exact
  add_engine_options(*cmd, o->engine);
  add_output(*cmd, "--json", o->json, "Write the figures here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
