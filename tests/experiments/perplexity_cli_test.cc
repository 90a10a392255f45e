// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern perplexity` as a user runs it: each mode, texts and ids, what stands before a
// window, windows that do not fit.
// Parameters: one small random checkpoint.

#include <catch2/catch.hpp>
#include <cmath>

#include "models/cpu_engine.h"
#include "models/perplexity.h"
#include "models/transformer.h"
#include "tests/experiments/cli.h"

namespace tern::experiments {
namespace {

using Catch::Contains;

TEST_CASE("perplexity predicts each token of the file once", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), std::string(250, 'a') + "\n");
  const Result r =
      cli.run("perplexity {m} --file {d}/t --mode every-token --context 32 --json {d}/j");
  REQUIRE(r.code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["tokens"] == 251);
  CHECK(j["file_bytes"] == 251);
  CHECK(j["windows"] == 9);
  const double nats = j["nats_per_token"];
  CHECK(j["perplexity"].get<double>() == Approx(std::exp(nats)));
  CHECK(j["bits_per_byte"].get<double>() == Approx(nats / std::log(2.0)));
  CHECK_THAT(r.out, Contains("nats per token") && Contains("bits per byte"));
}

TEST_CASE("perplexity as llama.cpp defines it is that of the second halves", "[experiments]") {
  const Cli cli;
  // What spells the BOS in the text is no BOS.
  std::string text = "<|bos|>";
  for (int i = 0; i < 150; ++i) text += static_cast<char>('a' + i * i % 26);
  models::write_whole_file(cli.file("t"), text);
  REQUIRE(cli.run("perplexity {m} --file {d}/t --context 31 --json {d}/j").code == 0);
  const auto j = json_of(cli.file("j"));
  CHECK(j["mode"] == "second-half");
  CHECK(j["text_tokens"] == 158);  // the BOS of the text is the first
  CHECK(j["windows"] == 5);
  CHECK(j["tokens"] == 5 * 15);
  CHECK_FALSE(j.contains("bits_per_byte"));

  const auto model = models::load_checkpoint(cli.model());
  kernels::ThreadPool pool(1);
  models::CpuEngine engine(kernels::Isa::kScalar, pool);
  models::Transformer transformer(*model, engine);
  std::vector<models::TokenId> ids = {299};
  for (const char c : text) ids.push_back(static_cast<models::TokenId>(c));
  double nats = 0, squares = 0;
  for (std::size_t w = 0; w < 5; ++w) {
    std::vector<models::TokenId> x(ids.begin() + static_cast<long>(31 * w),
                                   ids.begin() + static_cast<long>(31 * w + 31));
    x[0] = 299;
    std::vector<float> logits(31 * 300);
    transformer.reset();
    transformer.forward_all(x, logits.data());
    for (std::size_t at = 15; at < 30; ++at) {
      double sum = 0;
      for (std::size_t v = 0; v < 300; ++v)
        sum += std::exp(static_cast<double>(logits[at * 300 + v]));
      const double loss = std::log(sum) - static_cast<double>(logits[at * 300 + x[at + 1]]);
      nats += loss;
      squares += loss * loss;
    }
  }
  const double mean = nats / 75;
  CHECK(j["nats_per_token"].get<double>() == Approx(mean).epsilon(1e-9));
  CHECK(j["perplexity_standard_error"].get<double>() ==
        Approx(std::exp(mean) * std::sqrt((squares / 75 - mean * mean) / 74)).epsilon(1e-6));
}

TEST_CASE("ids take the place of a text", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), "some words");
  models::write_whole_file(cli.file("i"), "115 111 109 101 32 119 111 114 100 115\n");
  REQUIRE(cli.run("perplexity {m} --file {d}/t --mode every-token --json {d}/a").code == 0);
  REQUIRE(cli.run("perplexity {m} --ids-file {d}/i --mode every-token --json {d}/b").code == 0);
  CHECK(json_of(cli.file("a"))["nats_per_token"] == json_of(cli.file("b"))["nats_per_token"]);
  CHECK_FALSE(json_of(cli.file("b")).contains("file_bytes"));
  REQUIRE(cli.run("perplexity {m} --ids-file {d}/i --mode as-is --json {d}/c").code == 0);
  CHECK(json_of(cli.file("c"))["tokens"] == 9);
  models::write_whole_file(cli.file("i"), "1 300");
  check_refused(cli.run("perplexity {m} --ids-file {d}/i --mode as-is"), 1,
                cli.file("i") + ": found token 300");
}

TEST_CASE("a text from a pipe is read once", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), "some words");
  REQUIRE(cli.run("perplexity {m} --file {d}/t --mode every-token --json {d}/a").code == 0);
  for (const char* named : {"-", "/dev/stdin", "<(cat {d}/t)"}) {
    INFO(named);
    REQUIRE(cli.shell("cat {d}/t | {t} perplexity {m} --mode every-token --json {d}/b --file " +
                      std::string(named))
                .code == 0);
    for (const char* field : {"nats_per_token", "bits_per_byte", "file_bytes"})
      CHECK(json_of(cli.file("a"))[field] == json_of(cli.file("b"))[field]);
  }
}

TEST_CASE("windows that do not fit and texts too short for one are refused", "[experiments]") {
  const Cli cli;
  models::write_whole_file(cli.file("t"), "some words");
  check_refused(cli.run("perplexity {m} --file {d}/t --context 97"), 1,
                "--context is 97, expected 3 to the model's 96");
  check_refused(cli.run("perplexity {m} --file {d}/t --context 2"), 1, "--context is 2");
  check_refused(cli.run("perplexity {m} --file {d}/t --context 1 --mode every-token"), 1,
                "--context is 1, expected 2");
  check_refused(cli.run("perplexity {m} --file {d}/t --context 12"), 1,
                "found 11 tokens, one window of --mode second-half needs 12; a smaller --context");
  CHECK(cli.run("perplexity {m} --file {d}/t --context 11").code == 0);
  CHECK(cli.run("perplexity {m} --file {d}/t --context 2 --mode every-token").code == 0);
}

}  // namespace
}  // namespace tern::experiments
