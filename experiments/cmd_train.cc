// SPDX-License-Identifier: Apache-2.0
//
// tern train: trains a model on stories and writes its checkpoint.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <stdexcept>

#include "experiments/commands.h"
#include "experiments/grammar_option.h"
#include "experiments/interrupt.h"
#include "experiments/number_option.h"
#include "experiments/output.h"
#include "experiments/output_option.h"
#include "experiments/provenance.h"
#include "kernels/format.h"
#include "kernels/formats/formats.h"
#include "models/bpe_train.h"
#include "models/checkpoint.h"
#include "models/train.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  models::Config config;
  models::TrainOptions train;
  std::string flavour = "ternary", activation = "relu2";
  std::string out, json, grammar;
  std::size_t vocab = 768, vocab_stories = 4000;
  double learning_rate = 0;  // 0: by flavour
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The whole command, so that a checkpoint says how it was made.
std::string command_of(const Options& o) {
  const models::Config& c = o.config;
  const models::TrainOptions& t = o.train;
  return fmt::format(
      "tern train --flavour {} --seed {} --steps {} --stories-per-step {} --learning-rate {} "
      "--warmup-steps {} --weight-decay {} --vocab {} --vocab-stories {} --context {} --dim {} "
      "--layers {} --heads {} --kv-heads {} --ffn {} --activation {} --threads {}{}",
      o.flavour, t.seed, t.steps, t.stories_per_step, t.learning_rate, t.warmup_steps,
      t.weight_decay, o.vocab, o.vocab_stories, c.context, c.dim, c.layers, c.heads, c.kv_heads,
      c.ffn, o.activation, t.threads, o.grammar.empty() ? "" : " --grammar " + o.grammar);
}

void finish_options(Options& o) {
  models::Config& c = o.config;
  o.train.flavour = o.flavour == "ternary" ? models::Flavour::kTernary : models::Flavour::kF16;
  o.train.learning_rate = o.learning_rate != 0                           ? o.learning_rate
                          : o.train.flavour == models::Flavour::kTernary ? 2e-3
                                                                         : 1e-3;
  c.vocab = o.vocab;
  c.activation = o.activation == "relu2" ? models::Activation::kRelu2 : models::Activation::kSilu;
  c.architecture = o.activation == "relu2" ? "bitnet-b1.58" : "bitnet";
  c.name = "tern-stories-" + o.flavour;
  if (c.heads == 0 || c.dim % c.heads != 0)
    throw std::runtime_error(
        fmt::format("--dim {} is not a multiple of --heads {}", c.dim, c.heads));
  c.head_dim = c.dim / c.heads;
  models::check(c, "tern train");
  if (!std::isfinite(o.train.learning_rate) || !std::isfinite(o.train.weight_decay))
    throw std::runtime_error("--learning-rate and --weight-decay must be finite");
  // What the checkpoint cannot hold is said before the work and not after it.
  if (o.train.flavour == models::Flavour::kTernary)
    for (const auto& [name, cols] : {std::pair("--dim", c.dim), std::pair("--ffn", c.ffn)})
      if (const std::string problem =
              kernels::multiple_problem("columns", kernels::kT2BlockTrits, cols);
          !problem.empty())
        throw std::runtime_error(
            fmt::format("{}: I2_S, which ternary checkpoints hold, {}", name, problem));
}

void run(Options o) {
  finish_options(o);
  models::check_writable(o.out);  // refuses "", too, which the other two may be
  models::check_outputs({{"--out", o.out}, {"--json", o.json}, {"--snapshot", o.train.snapshot}});
  const models::Grammar own = grammar_from(o.grammar);
  const models::Tokenizer tokenizer(
      models::learn_bpe(models::story_corpus(own, o.train.seed, o.vocab_stories), o.vocab));
  const double bound = own.entropy_bits() / own.expected_bytes();
  fmt::print(stderr, "training {} weights, {}; the corpus has {:.4f} bits per byte\n",
             models::ParameterLayout(o.config).size, o.flavour, bound);

  const Interrupt interrupt;
  const auto begin = Clock::now();
  auto shown = begin;
  std::size_t tokens = 0, last_step = 0, first_step = 0;
  double smooth = 0;
  auto curve = nlohmann::ordered_json::array();
  const auto master =
      models::train(o.config, own, tokenizer, o.train, [&](const models::StepReport& r) {
        if (first_step == 0) first_step = r.step;
        last_step = r.step;
        tokens += r.tokens;
        smooth = smooth == 0 ? r.bits_per_byte : 0.95 * smooth + 0.05 * r.bits_per_byte;
        if (r.step % 20 == 0 || r.step == o.train.steps)
          curve.push_back({{"step", r.step},
                           {"loss_nats_per_token", r.loss},
                           {"loss_bits_per_byte", r.bits_per_byte},
                           {"learning_rate", r.learning_rate}});
        const double elapsed = seconds_since(begin);
        if (seconds_since(shown) > 2 || r.step == o.train.steps) {
          shown = Clock::now();
          const double left = elapsed / static_cast<double>(r.step - first_step + 1) *
                              static_cast<double>(o.train.steps - r.step);
          fmt::print(stderr,
                     "step {}/{}  loss {:.4f} nats/token  {:.4f} bits/byte (smoothed)  "
                     "{:.0f} tokens/s  {:.0f} s left\n",
                     r.step, o.train.steps, r.loss, smooth, static_cast<double>(tokens) / elapsed,
                     left);
        }
        return !interrupt.seen();
      });
  if (interrupt.seen())
    throw std::runtime_error(fmt::format("interrupted after step {}; {}", last_step,
                                         o.train.snapshot.empty()
                                             ? "nothing written (no --snapshot)"
                                             : "the same command goes on from its snapshot"));

  const std::pair<std::string, std::string> extra[] = {
      {"tern.train.command", command_of(o)},
      {"tern.train.corpus", o.grammar.empty() ? "stories" : o.grammar},
      {"tern.train.entropy_bits_per_byte", fmt::format("{:.6f}", bound)},
  };
  models::write_checkpoint(o.out, master, tokenizer.data(), o.train.flavour, extra);
  if (!o.json.empty()) {
    const nlohmann::ordered_json report = {
        {"schema", "tern.train"},
        {"schema_version", 1},
        {"provenance", provenance()},
        {"command", command_of(o)},
        {"seed", o.train.seed},
        {"checkpoint", o.out},
        {"parameters", models::ParameterLayout(o.config).size},
        {"time_s", seconds_since(begin)},
        {"entropy_bits_per_byte", bound},
        {"curve", curve},
    };
    models::write_whole_file(o.json, report.dump(1) + "\n");
  }
  print_out(fmt::format("wrote {}\n", o.out));
}

}  // namespace

void add_train(CLI::App& app) {
  auto o = std::make_shared<Options>();
  models::Config& c = o->config;
  c.context = 256;
  c.dim = 256;
  c.layers = 4;
  c.heads = 4;
  c.kv_heads = 2;
  c.ffn = 640;
  models::TrainOptions& t = o->train;
  t.steps = 2200;

  CLI::App* cmd = app.add_subcommand("train", "Train a model on stories from a grammar");
  add_output(*cmd, "--out", o->out, "Checkpoint to write (GGUF)")->required();
  cmd->add_option("--flavour", o->flavour, "What the linears become")
      ->check(CLI::IsMember({"ternary", "fp16"}))
      ->capture_default_str();
  cmd->add_option("--seed", t.seed, "Seed of weights, vocabulary and stories")
      ->capture_default_str();
  cmd->add_option("--steps", t.steps)->capture_default_str()->check(at_least<std::size_t>(1));
  cmd->add_option("--stories-per-step", t.stories_per_step)
      ->capture_default_str()
      ->check(between(1, 1 << 16));
  cmd->add_option("--learning-rate", o->learning_rate, "Peak; default 2e-3 ternary, 1e-3 fp16")
      ->check(above_0());
  cmd->add_option("--warmup-steps", t.warmup_steps)->capture_default_str();
  cmd->add_option("--weight-decay", t.weight_decay)
      ->capture_default_str()
      ->check(between(0.0, 1.0));
  cmd->add_option("--threads", t.threads, "Part of the result's bits")
      ->capture_default_str()
      ->check(between(1, 256));
  cmd->add_option("--snapshot", t.snapshot, "Save the run here and go on from it")
      ->check(no_standard_output("a file that is read again"));
  cmd->add_option("--snapshot-every", t.snapshot_every, "Steps")
      ->capture_default_str()
      ->check(at_least<std::size_t>(1));
  cmd->add_option("--grammar", o->grammar, "Grammar file (notation: models/stories.h)");
  cmd->add_option("--vocab", o->vocab, "Tokens, learned by BPE")->capture_default_str();
  cmd->add_option("--vocab-stories", o->vocab_stories, "Stories the vocabulary is learned from")
      ->capture_default_str();
  cmd->add_option("--context", c.context, "Longest sequence in tokens")->capture_default_str();
  cmd->add_option("--dim", c.dim)->capture_default_str();
  cmd->add_option("--layers", c.layers)->capture_default_str();
  cmd->add_option("--heads", c.heads)->capture_default_str();
  cmd->add_option("--kv-heads", c.kv_heads)->capture_default_str();
  cmd->add_option("--ffn", c.ffn)->capture_default_str();
  cmd->add_option("--activation", o->activation)
      ->check(CLI::IsMember({"relu2", "silu"}))
      ->capture_default_str();
  add_output(*cmd, "--json", o->json, "Write the loss curve here");
  cmd->callback([o] { run(*o); });
}

}  // namespace tern::experiments
