// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern bench model` as a user runs it: the table, CSV and JSON and what is in them,
// lists of everything, an interrupt, nobody reading; and each kind of bad input.
// Parameters: one small random checkpoint per flavour; sizes so small that speeds mean nothing.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::Flavour;

const std::string kSmall = "-p 8 -n 4 -t 1 -r 3 --limit-mb 1 --limit-time 0.0001 ";

TEST_CASE("bench model writes every row with consistent figures", "[experiments]") {
  const Cli cli(GENERATE(Flavour::kTernary, Flavour::kF16));
  const std::string spelling = GENERATE("bench {m} ", "bench model {m} ");
  const Result r =
      cli.run(spelling + kSmall + "-d 0,20 --kv f32,f16 --profile --json {d}/j --csv {d}/c");
  REQUIRE(r.code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.bench_model");
  CHECK(j["schema_version"] == 1);
  CHECK(j["provenance"]["cpu"].is_string());
  REQUIRE(j["records"].size() == 8);
  std::size_t lines = 0;
  for (const auto& row : j["records"]) {
    INFO(row);
    ++lines;
    CHECK(row["model"] == "tiny");
    CHECK(row["model_bytes"] == models::read_file(cli.model()).size());
    // Embeddings and head, two layers, norms.
    CHECK(row["parameters"] == 2 * 300 * 128 + 2 * (128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256) +
                                   2 * (3 * 128 + 256) + 128);
    const bool prompt = row["prompt_tokens"] != 0;
    const double tokens = prompt ? 8 : 4, time = row["time_s"];
    CHECK(row["times_s"].size() == 3);
    CHECK(row["tokens_per_s"].get<double>() == Approx(tokens / time));
    double mean = 0, squares = 0;
    for (const double t : row["times_s"]) mean += tokens / t / 3;
    for (const double t : row["times_s"]) squares += (tokens / t - mean) * (tokens / t - mean);
    CHECK(row["tokens_per_s_mean"].get<double>() == Approx(mean));
    CHECK(row["tokens_per_s_stddev"].get<double>() == Approx(std::sqrt(squares / 2)).margin(1e-9));
    CHECK(row["first_token_s"] >= row["load_s"]);
    CHECK(row["peak_memory_bytes"] > 0);
    const auto& counts = row["counts"];
    CHECK(counts["tokens"] == tokens);
    CHECK(counts["logits"] == (prompt ? 1 : 4));
    if (prompt) {
      CHECK(row["bytes_per_token"].is_null());
      const double macs = counts["ternary_macs"].get<double>() + counts["fp16_macs"].get<double>() +
                          counts["head_macs"].get<double>();
      CHECK(row["gmac_per_s"].get<double>() == Approx(macs / 1e9 / time));
      CHECK(row["peak_gmac_per_s"] > 0);
    } else {
      const double bytes =
          counts["linear_weight_bytes"].get<double>() + counts["head_weight_bytes"].get<double>() +
          counts["kv_read_bytes"].get<double>() + counts["kv_write_bytes"].get<double>();
      CHECK(row["bytes_per_token"].get<double>() == Approx(bytes / 4));
      CHECK(row["moved_gb_per_s"].get<double>() == Approx(bytes / 1e9 / time));
      CHECK(row["read_gb_per_s"] > 0);
    }
    double parts = 0;
    for (const auto& [part, seconds] : row["profile"].items()) {
      CHECK(seconds >= 0);
      if (part != "all_s") parts += seconds.get<double>();
    }
    CHECK(parts == Approx(row["profile"]["all_s"].get<double>()));
    CHECK(row["profile"]["linears_s"] > 0);
    CHECK_THAT(r.out, Contains("| " + row["test"].get<std::string>() + " ") ||
                          Contains(" " + row["test"].get<std::string>() + " |"));
  }
  // Deeper, more keys and values are read; in half the bytes, half of them.
  const auto kv = [&](std::size_t i) {
    return j["records"][i]["counts"]["kv_read_bytes"].get<double>();
  };
  CHECK(j["records"][1]["test"] == "tg4");
  CHECK(j["records"][3]["test"] == "tg4 @ d20");
  // 4 steps see 1 to 4 positions, 20 deeper 21 to 24.
  CHECK(kv(3) == Approx(kv(1) * (21 + 22 + 23 + 24) / (1 + 2 + 3 + 4)));
  CHECK(j["records"][5]["kv"] == "f16");
  CHECK(kv(1) == Approx(2 * kv(5)));
  CHECK_THAT(r.out, Contains("first token after") && Contains("most memory") &&
                        Contains("norms, quantise"));
  const std::string csv = models::read_file(cli.file("c"));
  CHECK(csv.starts_with("# tern.bench_model "));
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 2 + static_cast<long>(lines));
}

TEST_CASE("bench model prints CSV and JSON", "[experiments]") {
  const Cli cli;
  const Result csv = cli.run("bench model {m} {m} -o csv " + kSmall);
  CHECK(csv.code == 0);
  CHECK(csv.out.starts_with("model,path,"));
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == 5);
  const Result json = cli.run("bench model {m} -o json -p 8 -n 0 --no-warmup " + kSmall.substr(10));
  CHECK(json.code == 0);
  const auto j = nlohmann::json::parse(json.out);
  CHECK(j["records"].size() == 1);
  CHECK(j["warm_up"] == false);
}

TEST_CASE("bench model refuses what it cannot measure", "[experiments]") {
  const Cli cli;
  check_refused(cli.run("bench model"), 2, "the name of a model is required");
  check_refused(cli.run("bench"), 2, "a subcommand or the name of a model is required");
  check_refused(cli.run("bench model {m} -p 0 -n 0"), 1, "-p and -n: nothing is left");
  check_refused(cli.run("bench model {m} -t 0"), 1, "--threads: found 0");
  check_refused(cli.run("bench model {m} -t 99999"), 1, "--threads: found 99999");
  check_refused(cli.run("bench model {m} --kv f64"), 2, "--kv");
  check_refused(cli.run("bench model {m} --kv f16,,f32"), 2, "--kv: found an empty entry");
  check_refused(cli.run("bench {m} -p 8,,9"), 2, "--prompt: found an empty entry");
  check_refused(cli.run("bench {m} -d ,8"), 2, "--depth: found an empty entry");
  check_refused(cli.run("bench {m} -n 4x"), 2, "--tokens: found '4x', expected whole numbers");
  check_refused(cli.run("bench model {m} --layout x"), 2, "--layout");
  check_refused(cli.run("bench model {m} -r 0"), 2, "--repetitions");
  check_refused(cli.run("bench model {m} -o xml"), 2, "--output");
  check_refused(cli.run("bench model {m} --limit-time nan"), 2, "--limit-time: found nan");
  check_refused(cli.run("bench model {m} --json {m}"), 1, "would replace what the command reads");
  check_refused(cli.run("bench model {m} --json {d}/no/j"), 1, "no/j: cannot write");
  check_refused(cli.run("bench model {m} -d 90 " + kSmall), 1,
                "model.gguf: pp8 @ d90 needs a context of 98 tokens, the model's holds 96");
}

TEST_CASE("bench model looks at all models before it measures the first", "[experiments]") {
  const Cli cli;
  const auto refused = [&](const std::string& second, const std::string& what) {
    INFO(second);
    for (const char* spelling : {"bench ", "bench model "})
      check_refused(cli.run(spelling + ("{m} " + second + " ") + kSmall), 1, what);
  };
  refused("{d}/x", cli.file("x") + ": cannot open");
  refused("{d}/ ", "no config.json in this directory");
  models::write_whole_file(cli.file("text"), "no model");
  refused("{d}/text", cli.file("text") + ": ");
  const std::string whole = models::read_file(cli.model());
  models::write_whole_file(cli.file("cut"), whole.substr(0, whole.size() - 1000));
  refused("{d}/cut", cli.file("cut") + ": ");
  models::Config c = models::tiny_config();
  c.context = 8;
  models::write_checkpoint(cli.file("short"), models::random_master(c, 1), endless_tokenizer(),
                           Flavour::kTernary);
  refused("{d}/short -d 4", cli.file("short") + ": pp8 @ d4 needs a context of 12 tokens");
  REQUIRE(cli.run("convert {m} {d}/hf").code == 0);
  models::write_whole_file(cli.file("hf/model.safetensors"), "no model");
  refused("{d}/hf", "hf/model.safetensors: ");
}

TEST_CASE("bench model names a model without a name by its path", "[experiments]") {
  const Cli cli;
  models::Config c = models::tiny_config();
  c.name.clear();
  models::write_checkpoint(cli.file("nameless.gguf"), models::random_master(c, 1),
                           endless_tokenizer(), Flavour::kTernary);
  REQUIRE(cli.run("convert {m} {d}/folder").code == 0);
  for (const auto& [path, name] : {std::pair("{m}", "tiny"),
                                   {"{d}/nameless.gguf", "nameless.gguf"},
                                   {"{d}/folder", "folder"},
                                   {"{d}/folder/", "folder"},
                                   {"{d}/./folder//", "folder"}}) {
    INFO(path);
    const Result r = cli.run(std::string("bench ") + path + " " + kSmall + "--json {d}/j");
    REQUIRE(r.code == 0);
    CHECK(json_of(cli.file("j"))["records"][0]["model"] == name);
    CHECK_THAT(r.out, Contains("| " + std::string(name)));
  }
}

TEST_CASE("bench model ends cleanly when it is stopped or nobody reads", "[experiments]") {
  const Cli cli;
  const Result stopped = cli.shell(
      "{t} bench model {m} -p 8 -n 4 -t 1 -r 10000 --limit-mb 1 --limit-time 0.05 --json {d}/j "
      "2>{d}/e & pid=$!\n"
      "until grep -q tg4 {d}/e || grep -q pp8 {d}/e; do sleep 0.05; done; sleep 0.2\n"
      "kill -INT $pid; wait $pid");
  CHECK(stopped.code == 130);
  CHECK(cli.entries() == 2);  // the model and what it said
  const Result closed =
      cli.shell("{t} bench model {m} " + kSmall + " | true; exit ${PIPESTATUS[0]}");
  CHECK(closed.code == 0);
  CHECK(closed.err.find("tern: ") == closed.err.npos);
}

}  // namespace
}  // namespace tern::experiments
