// SPDX-License-Identifier: Apache-2.0
//
// State space: `tern logits` as a script runs it: ids and text, all logits read back exactly, a
// sequence beyond one batch, a model without a tokenizer, the reference's outputs; wrong ids.
// Parameters: small random checkpoints; the golden checkpoints.

#include <catch2/catch.hpp>
#include <cmath>

#include "models/cpu_engine.h"
#include "models/gguf.h"
#include "models/transformer.h"
#include "tests/experiments/cli.h"
#include "tests/models/golden.h"

namespace tern::experiments {
namespace {

using Catch::Contains;
using models::Flavour;
using models::TokenId;

std::string listed(const std::vector<TokenId>& ids) {
  std::string text;
  for (const TokenId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

TEST_CASE("logits come after each token and read back exactly", "[experiments]") {
  const Cli cli(GENERATE(Flavour::kTernary, Flavour::kF16));
  const auto ids = models::random_tokens(GENERATE(1u, 80u), 300, 4);
  const Result r = cli.run("logits {m} --ids " + listed(ids) + " --threads 2 --json {d}/j");
  REQUIRE(r.code == 0);
  CHECK_THAT(r.out, Contains("after " + std::to_string(ids.size()) + " tokens"));
  const auto j = json_of(cli.file("j"));
  CHECK(j["schema"] == "tern.logits");
  CHECK(j["schema_version"] == 1);
  CHECK(j["tokens"] == nlohmann::json(ids));
  CHECK(j["shape"] == nlohmann::json({ids.size(), 300}));

  const auto model = models::load_checkpoint(cli.model());
  kernels::ThreadPool pool(1);
  models::CpuEngine engine(kernels::Isa::kScalar, pool);
  models::Transformer transformer(*model, engine);
  std::vector<float> expected(ids.size() * 300);
  transformer.forward_all(ids, expected.data());
  REQUIRE(j["logits"].size() == ids.size());
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto row = j["logits"][t].get<std::vector<float>>();
    REQUIRE(row.size() == 300);
    CHECK(std::equal(row.begin(), row.end(), expected.begin() + static_cast<long>(t * 300)));
  }
}

TEST_CASE("a text has the logits of its tokens", "[experiments]") {
  const Cli cli;
  REQUIRE(cli.run("logits {m} --text ab --json {d}/a").code == 0);
  REQUIRE(cli.run("logits {m} --ids '[299, 97, 98]' --json {d}/b").code == 0);
  CHECK(json_of(cli.file("a"))["tokens"] == nlohmann::json({299, 97, 98}));
  CHECK(json_of(cli.file("a"))["logits"] == json_of(cli.file("b"))["logits"]);
}

TEST_CASE("wrong ids are one line that says what is wrong", "[experiments]") {
  const Cli cli;
  check_refused(cli.run("logits {m} --ids 1,300"), 1, "--ids: found token 300, expected 0 to 299");
  check_refused(cli.run("logits {m} --ids 1,99999999999999999999"), 1,
                "--ids: found token 99999999999999999999, expected 0 to 299");
  check_refused(cli.run("logits {m} --ids 1,two"), 1, "--ids: found 'two'");
  check_refused(cli.run("logits {m} --ids 1.5"), 1, "--ids: found '1.5'");
  check_refused(cli.run("logits {m} --ids=-1"), 1, "--ids: found '-1'");
  check_refused(cli.run("logits {m} --ids '[1,2'"), 1, "--ids: found [ without its ]");
  check_refused(cli.run("logits {m} --ids '[]'"), 1, "--ids: no token is named");
  check_refused(cli.run("logits {m} --ids 1,,2"), 1, "--ids: found an empty entry");
  check_refused(cli.run("logits {m} --ids ''"), 1, "--ids: no token is named");
  std::vector<TokenId> many(97, 1);
  check_refused(cli.run("logits {m} --ids " + listed(many)), 1,
                "--ids: found 97 tokens, the model's context holds 96");
  many.pop_back();
  CHECK(cli.run("logits {m} --ids " + listed(many)).code == 0);
}

TEST_CASE("logits and perplexity of the reference's checkpoints are the reference's",
          "[experiments][golden]") {
  const Cli cli;
  for (const std::string name : {"bitnet-packed/model-tq1_0.gguf", "bitnet-packed/model-tq2_0.gguf",
                                 "llama-f16/model-f16.gguf"}) {
    const auto path = models::golden(name);
    if (!path) return;
    INFO(name);
    const bool directory = std::filesystem::is_directory(*path);
    const auto expected =
        models::read_json((directory ? *path : path->parent_path()) / "expected.json");
    const bool quantised = !name.starts_with("llama-f16");
    const auto& p = expected["perplexity"];
    models::write_whole_file(cli.file("ids"), p["ids"].dump());
    REQUIRE(
        cli.run("perplexity " + path->string() + " --ids-file {d}/ids --mode as-is --json {d}/p")
            .code == 0);
    const auto found = json_of(cli.file("p"));
    CHECK(found["tokens"] == 199);
    CHECK(std::fabs(found["nats_per_token"].get<double>() - p["mean_nll"].get<double>()) <=
          (quantised ? 5e-3 : 1e-5));
    // The logits themselves are held against the reference in golden_test.cc; here, that the
    // command gives those of the greedy tokens.
    const auto& c = expected["cases"][0];
    auto ids = c["prompt"].get<std::vector<TokenId>>();
    const auto greedy = c["greedy"].get<std::vector<TokenId>>();
    ids.insert(ids.end(), greedy.begin(), greedy.end() - 1);
    REQUIRE(cli.run("logits " + path->string() + " --ids " + listed(ids) + " --json {d}/l").code ==
            0);
    const auto logits = json_of(cli.file("l"))["logits"];
    for (std::size_t i = 0; i < greedy.size(); ++i) {
      const auto row = logits[ids.size() - greedy.size() + i].get<std::vector<float>>();
      CHECK(std::max_element(row.begin(), row.end()) - row.begin() == greedy[i]);
    }
  }
}

}  // namespace
}  // namespace tern::experiments
