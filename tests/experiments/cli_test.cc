// SPDX-License-Identifier: Apache-2.0
//
// State space: the built `tern` run as a user runs it: what it prints, its exit codes (0, 1 bad
// input, 130 interrupted; 2, wrong usage, in usage_cli_test.cc), its files, its behaviour when
// nobody reads it. Parameters: one small random checkpoint, per flavour.

#include "tests/experiments/cli.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "models/utf8.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::Flavour;
using models::read_file;

TEST_CASE("generate gives the same text on every engine isa layout and thread count",
          "[experiments]") {
  const Cli cli(GENERATE(Flavour::kTernary, Flavour::kF16));
  const Result first = cli.run("generate {m} --prompt 'Hello, ' -n 20 --threads 1");
  CHECK(first.code == 0);
  CHECK(first.out.starts_with("Hello, "));
  CHECK_THAT(first.err, Contains("prefill 8 tokens") && Contains("decode 19 tokens") &&
                            Contains("tokens/s") && Contains("stopped by length"));
  CHECK(cli.run("generate {m} --prompt 'Hello, ' -n 20 --threads 3").out == first.out);
  CHECK(cli.run("generate {m} --prompt 'Hello, ' -n 20 --isa scalar").out == first.out);
  for (const char* layout : {"t5p", "lut2", "lut3"})
    CHECK(cli.run("generate {m} --prompt 'Hello, ' -n 20 --layout " + std::string(layout)).out ==
          first.out);
}

TEST_CASE("generate writes what it did as JSON", "[experiments]") {
  const Cli cli;
  const Result r = cli.run(
      "generate {m} --prompt 'ab' -n 7 --threads 2 --json {d}/j "
      "--temperature 0.9 --top-k 40 --top-p 0.95 --seed 3");
  REQUIRE(r.code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.generate");
  CHECK(j["schema_version"] == 1);
  CHECK(j["provenance"].contains("tern_version"));
  CHECK(j["model"]["name"] == "tiny");
  CHECK(j["config_hash"].get<std::string>().size() == 16);
  CHECK(j["seed"] == 3);
  CHECK(j["engine"] == "cpu");
  CHECK(j["threads"] == 2);
  CHECK(j["prompt_tokens"] == nlohmann::json({299, 97, 98}));
  CHECK(j["tokens"].size() == 7);
  CHECK(j["stop"] == "length");
  CHECK(j["prefill"]["tokens"] == 3);
  CHECK(j["prefill"]["time_s"] > 0);
  CHECK(j["prefill"]["counts"]["tokens"] == 3);
  CHECK(j["decode"]["tokens"] == 6);
  CHECK(j["decode"]["counts"]["tokens"] == 6);
  // 6 steps after 3 tokens see 4 to 9 positions.
  CHECK(j["decode"]["counts"]["attention_macs"] == (4 + 5 + 6 + 7 + 8 + 9) * 128 * 2 * 2);
  CHECK(cli.entries() == 2);
}

TEST_CASE("an environment that names nothing is refused by every command", "[experiments]") {
  const Cli cli;
  for (const std::string command : {"formats", "inspect {m}", "stories -n 1"}) {
    INFO(command);
    const Result isa = cli.shell("TERN_ISA=sse9 {t} " + command);
    CHECK(isa.code == 1);
    CHECK(isa.out.empty());
    CHECK_THAT(isa.err, Contains("TERN_ISA=sse9") && Contains("this host has: "));
    const Result prefetch = cli.shell("TERN_PREFETCH=yes {t} " + command);
    CHECK(prefetch.code == 1);
    CHECK_THAT(prefetch.err, Contains("TERN_PREFETCH=yes") && Contains("expected 0, 1, 2"));
    CHECK(cli.shell("TERN_PREFETCH=2 {t} " + command).code == 0);
  }
  CHECK(cli.shell("TERN_ISA=sse9 {t} formats --help").code == 0);
}

TEST_CASE("a seed gives the same sample again and another seed another", "[experiments]") {
  const Cli cli;
  const auto sample = [&](const std::string& seed) {
    return cli.run("generate {m} --prompt x -n 30 --temperature 1 --seed " + seed).out;
  };
  CHECK(sample("1") == sample("1"));
  CHECK(sample("1") != sample("2"));
}

TEST_CASE("the reference engine runs and has no counts", "[experiments]") {
  const Cli cli;
  const Result r = cli.run("generate {m} --prompt hi -n 4 --engine reference --json {d}/j");
  CHECK(r.code == 0);
  CHECK(json_of(cli.file("j"))["engine"] == "reference");
  CHECK_FALSE(json_of(cli.file("j"))["decode"].contains("counts"));
}

TEST_CASE("generation stops where the context ends", "[experiments]") {
  const Cli cli;
  const Result r = cli.run("generate {m} --prompt hi -n 500");
  CHECK(r.code == 0);
  CHECK_THAT(r.err, Contains("stopped by context"));
}

TEST_CASE("a prompt may come from a file", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("p"), "From a file");
  const std::string out = cli.run("generate {m} --prompt 'From a file' -n 5").out;
  CHECK(cli.run("generate {m} --prompt-file {d}/p -n 5").out == out);
  CHECK(cli.shell("cat {d}/p | {t} generate {m} --prompt-file - -n 5").out == out);
}

TEST_CASE("an empty prompt is the BOS alone and without one it is none", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("empty"), "");
  for (const char* named : {"--prompt ''", "--prompt-file {d}/empty"}) {
    INFO(named);
    const Result r = cli.run("generate {m} -n 5 --json {d}/j " + std::string(named));
    CHECK(r.code == 0);
    CHECK(json_of(cli.file("j"))["prompt_tokens"] == nlohmann::json({299}));
    CHECK(json_of(cli.file("j"))["tokens"].size() == 5);
  }
  models::TokenizerData plain = endless_tokenizer();
  plain.add_bos = false;
  models::write_checkpoint(cli.model(), models::random_master(models::tiny_config(), 1), plain,
                           Flavour::kTernary);
  check_refused(cli.run("generate {m} --prompt ''"), 1, "--prompt: the prompt is empty, and");
  check_refused(cli.run("generate {m} --prompt-file {d}/empty"), 1,
                cli.file("empty") + ": the prompt is empty, and");
  check_refused(cli.run("logits {m} --text ''"), 1, "--text: the text is empty, and");
}

TEST_CASE("a wrong prompt is one line and exit code 1", "[experiments]") {
  const Cli cli;
  check_refused(cli.run("generate {m} --prompt-file {d}/none"), 1, "none: cannot open");
  check_refused(cli.run("generate {m} --prompt " + std::string(96, 'a')), 1,
                "--prompt: the prompt has 97 tokens, the model's context holds 96");
  CHECK(cli.run("generate {m} -n 1 --prompt " + std::string(95, 'a')).code == 0);
}

TEST_CASE("a wrong model is one line that names it and exit code 1", "[experiments]") {
  const Cli cli;
  const std::string command =
      GENERATE("generate {d}/x --prompt a", "inspect {d}/x", "formats {d}/x",
               "perplexity {d}/x --file {m}", "logits {d}/x --ids 1");
  check_refused(cli.run(command), 1, cli.file("x") + ": cannot open");
  const std::string bytes = read_file(cli.model());
  models::write_whole_file(cli.file("x"), bytes.substr(0, bytes.size() - 33));
  check_refused(cli.run(command), 1, cli.file("x") + ": tensor output.weight: needs");
  models::write_whole_file(cli.file("x"), "no model");
  check_refused(cli.run(command), 1, cli.file("x") + ": magic");
}

TEST_CASE("an output that cannot be written is found before the work", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), "some text");
  const std::string command =
      GENERATE("generate {m} --prompt a", "inspect {m}", "formats {m}",
               "perplexity {m} --file {d}/t --context 8", "logits {m} --ids 1");
  check_refused(cli.run(command + " --json {d}/no/such"), 1, "no/such: cannot write");
  check_refused(cli.run(command + " --json {m}"), 1, "would replace what the command reads");
  check_refused(cli.run(command + " --json ''"), 2, "--json: expected the name of a file");
  for (const char* named : {"generate '' --prompt a", "inspect ''", "formats ''"})
    check_refused(cli.run(named), 2, "expected the name of a file");
  CHECK(cli.entries() == 2);
}

TEST_CASE("inspect shows keys tensors and how the trits are distributed", "[experiments]") {
  const Cli cli;
  const Result r = cli.run("inspect {m} --json {d}/j");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("general.architecture") && Contains("\"bitnet-b1.58\"") &&
                        Contains("blk.1.ffn_down.weight") && Contains("I2_S"));
  const auto j = json_of(cli.file("j"));
  CHECK(j["keys"]["tokenizer.ggml.tokens"]["count"] == 300);
  CHECK(j["totals"]["ternary_weights"] == 2 * (128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256));
  // 2 bits and, for each of 14 tensors, a tail of 32 bytes.
  CHECK(j["totals"]["ternary_bits_per_weight"].get<double>() ==
        Approx(2 + 14 * 32 * 8 / j["totals"]["ternary_weights"].get<double>()));
  const double zeros = j["totals"]["ternary"]["zero_fraction"];
  const double entropy = j["totals"]["ternary"]["entropy_bits_per_weight"];
  // The signs are even, so the entropy follows from the zeros.
  CHECK(entropy ==
        Approx(-zeros * std::log2(zeros) - (1 - zeros) * std::log2((1 - zeros) / 2)).margin(1e-3));
  const Cli half(Flavour::kF16);
  const Result f16 = half.run("inspect {m}");
  CHECK(f16.code == 0);
  CHECK_THAT(f16.out, Contains("F16") && !Contains("entropy 1"));
}

TEST_CASE("what a model says is shown as whole characters", "[experiments]") {
  const Cli cli;  // random: it says any bytes
  std::string all;
  for (const char* seed : {"1", "2", "3"})
    all += cli.run("generate {m} --prompt a -n 90 --temperature 5 --seed " + std::string(seed)).out;
  CHECK(models::utf8_prefix(all) == all.size());
  CHECK_THAT(all, Contains("\xef\xbf\xbd"));
}

TEST_CASE("a stop string ends the text before itself", "[experiments]") {
  const Cli cli;
  const std::string prompt = "generate {m} --prompt 'Hello, ' -n 40 ";
  const std::string shown = cli.run(prompt + "--json {d}/j").out;
  const std::string whole = json_of(cli.file("j"))["text"];
  // Characters that the JSON has as they are, across the border of tokens of a byte each.
  std::size_t at = 5;
  while (whole.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
                                 at) < at + 2)
    ++at;
  REQUIRE(at + 2 <= whole.size());
  const std::string stop = whole.substr(at, 2);
  const Result r = cli.run(prompt + "--stop zzzzzz --stop " + stop + " --json {d}/k");
  CHECK(r.code == 0);
  CHECK_THAT(r.err, Contains("stopped by string"));
  const auto j = json_of(cli.file("k"));
  CHECK(j["text"] == whole.substr(0, whole.find(stop)));
  CHECK(j["stop"] == "string");
  CHECK(j["stop_strings"] == nlohmann::json({"zzzzzz", stop}));
  CHECK(r.out.size() < shown.size());
  CHECK(shown.starts_with(r.out.substr(0, r.out.size() - 1) + stop));
  check_refused(cli.run(prompt + "--stop ''"), 1, "a stop string is empty");
}

TEST_CASE("what ends a text is not sampled when it is to be ignored", "[experiments]") {
  const Cli cli;
  // The likeliest token after this prompt, made the end of texts.
  REQUIRE(cli.run("generate {m} --prompt ab -n 1 --json {d}/j").code == 0);
  models::TokenizerData ends = endless_tokenizer();
  ends.eos = json_of(cli.file("j"))["tokens"][0].get<models::TokenId>();
  models::Config c = models::tiny_config();
  c.tied_head = false;
  models::write_checkpoint(cli.model(), models::random_master(c, 1), ends, Flavour::kTernary);
  const Result ended = cli.run("generate {m} --prompt ab -n 30 --json {d}/j");
  CHECK(json_of(cli.file("j"))["stop"] == "eos");
  CHECK(json_of(cli.file("j"))["tokens"].empty());
  const Result on = cli.run("generate {m} --prompt ab -n 30 --ignore-eos --json {d}/j");
  CHECK(on.code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["stop"] == "length");
  CHECK(j["tokens"].size() == 30);
  CHECK(j["sampler"]["banned"] == nlohmann::json::array({*ends.eos}));
  CHECK(std::count(j["tokens"].begin(), j["tokens"].end(), *ends.eos) == 0);
}

TEST_CASE("a closed pipe ends a command quietly", "[experiments]") {
  const Cli cli;
  for (const char* command :
       {"generate {m} --prompt a -n 90", "logits {m} --ids 1", "inspect {m}", "--help"}) {
    INFO(command);
    const Result r = cli.shell("{t} " + std::string(command) + " | true; exit ${PIPESTATUS[0]}");
    CHECK(r.code == 0);
    CHECK(r.err.find("tern: ") == std::string::npos);
  }
}

TEST_CASE("JSON into a closed pipe ends a command quietly", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), "some text");
  for (const char* command : {"generate {m} --prompt a -n 3", "logits {m} --ids 1", "inspect {m}",
                              "formats {m}", "tokenize {m} --text a", "detokenize {m} --ids 1",
                              "stories -n 1", "perplexity {m} --file {d}/t --context 8",
                              "synth --shape tiny --out {d}/s", "convert {m} {d}/c.gguf"}) {
    INFO(command);
    // The reader is gone before the command begins, whose standard output is another.
    const Result r = cli.shell("mkfifo {d}/gone\n{ read <{d}/gone; {t} " + std::string(command) +
                               " --json /dev/fd/3 3>&1 >/dev/null; } |\n"
                               "{ exec <&-; echo >{d}/gone; }\n"
                               "code=${PIPESTATUS[0]}; rm {d}/gone; exit $code");
    CHECK(r.code == 0);
    CHECK(r.err.find("tern: ") == std::string::npos);
  }
}

TEST_CASE("a full disk is an error", "[experiments]") {
  const Cli cli;
  check_refused(cli.shell("{t} inspect {m} >/dev/full"), 1, "standard output: cannot write");
  CHECK(cli.run("inspect {m} --json /dev/full").code == 1);
}

TEST_CASE("an interrupt ends generation after the token at hand", "[experiments]") {
  models::Config c = models::tiny_config();
  c.context = 1 << 20;
  const Cli cli;
  models::write_checkpoint(cli.model(), models::random_master(c, 1), endless_tokenizer(),
                           Flavour::kTernary);
  const Result r = cli.shell(
      "{t} generate {m} --prompt a -n 1000000 --engine reference --json {d}/j >{d}/o & pid=$!\n"
      "until [ -s {d}/o ]; do sleep 0.05; done; kill -INT $pid; wait $pid");
  CHECK(r.code == 130);
  CHECK_THAT(r.err, Contains("stopped by interrupted"));
  CHECK(json_of(cli.file("j"))["stop"] == "interrupted");
}

}  // namespace
}  // namespace tern::experiments
