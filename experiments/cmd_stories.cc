// SPDX-License-Identifier: Apache-2.0
//
// tern stories: samples the corpus, states its exact entropy, parses text against the grammar.

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/grammar_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "models/text_file.h"
#include "models/train.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

struct Options {
  std::string grammar, out, check, json;
  std::uint64_t seed = 1;
  std::size_t stories = 0;
};

nlohmann::json check_file(const models::Grammar& grammar, const std::string& path) {
  const std::string text = models::read_text(path);
  std::size_t sentences = 0, parsed = 0;
  for (const std::string_view sentence : models::split_sentences(text)) {
    ++sentences;
    if (grammar.parses_as_sentence(sentence))
      ++parsed;
    else
      print_out(fmt::format("no sentence of the grammar: {}\n", sentence));
  }
  if (sentences == 0) throw std::runtime_error(path + ": there is no sentence in it");
  print_out(fmt::format("{} of {} sentences parse ({:.2f} %)\n", parsed, sentences,
                        100.0 * static_cast<double>(parsed) / static_cast<double>(sentences)));
  return {{"sentences", sentences}, {"sentences_parsed", parsed}};
}

void run(const Options& o) {
  const models::Grammar grammar = grammar_from(o.grammar);
  models::check_outputs({{"--out", o.out}, {"--json", o.json}});
  nlohmann::ordered_json report = {
      {"schema", "tern.stories"},
      {"schema_version", 1},
      {"provenance", provenance()},
      {"symbols", grammar.symbols()},
      {"productions", grammar.productions()},
      {"entropy_bits_per_story", grammar.entropy_bits()},
      {"expected_bytes_per_story", grammar.expected_bytes()},
      {"entropy_bits_per_byte", grammar.entropy_bits() / grammar.expected_bytes()},
  };
  if (o.stories != 0) {
    const std::string text = models::story_corpus(grammar, o.seed, o.stories);
    if (o.out.empty())
      print_out(text);
    else
      models::write_whole_file(o.out, text);
    report["seed"] = o.seed;
    report["stories"] = o.stories;
    report["bytes"] = text.size();
  }
  if (!o.check.empty()) report["check"] = check_file(grammar, o.check);
  if (o.stories == 0 && o.check.empty())
    print_out(
        fmt::format("{} symbols, {} productions\n{:.4f} bits and {:.2f} bytes per story: "
                    "{:.6f} bits per byte\n",
                    grammar.symbols(), grammar.productions(), grammar.entropy_bits(),
                    grammar.expected_bytes(), grammar.entropy_bits() / grammar.expected_bytes()));
  if (!o.json.empty()) models::write_whole_file(o.json, report.dump(1) + "\n");
}

}  // namespace

void add_stories(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* cmd = app.add_subcommand(
      "stories", "Sample the corpus, state its exact entropy, parse text against its grammar");
  cmd->add_option("-n,--stories", o->stories, "Stories to sample, a line each");
  cmd->add_option("--seed", o->seed)->capture_default_str();
  add_output(*cmd, "--out", o->out, "Write the stories here instead of to the terminal");
  cmd->add_option("--check", o->check, "Parse the sentences of this text file; -: standard input");
  cmd->add_option("--grammar", o->grammar, "Grammar file (notation: models/stories.h)");
  add_output(*cmd, "--json", o->json, "Write the figures here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
