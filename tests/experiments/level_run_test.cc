// SPDX-License-Identifier: Apache-2.0
//
// State space: a tiny checkpoint of either flavour observed and timed on the CPU; its footprint;
// prompts and token counts that cannot be.
// Parameters: tests/models/tiny_model.h, seed 3.

#include "experiments/level_run.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "models/checkpoint.h"
#include "tests/energy/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::experiments {
namespace {

std::string tiny_checkpoint(const energy::TempFolder& folder, models::Flavour flavour) {
  const models::Config config = models::tiny_config();
  const std::string path = folder.path() + "/tiny.gguf";
  models::write_checkpoint(path, models::random_master(config, 3),
                           models::tiny_tokenizer(config.vocab), flavour);
  return path;
}

LevelOptions options_for(const std::string& checkpoint) {
  LevelOptions options;
  options.checkpoint = checkpoint;
  options.prompt = "abcde";
  options.tokens = 4;
  return options;
}

TEST_CASE("an observed run writes down every product and tells the same story twice",
          "[experiments]") {
  const energy::TempFolder folder;
  const LevelOptions options = options_for(tiny_checkpoint(folder, models::Flavour::kTernary));
  const LevelResult a = run_level(options), b = run_level(options);
  CHECK(a.flavour == "ternary");
  CHECK(a.tokens.size() == 4);
  CHECK(a.products.size() == 4 * 15);  // a prefill and 3 decode steps of 2 x 7 products and a head
  CHECK(a.prefill.tokens == a.prompt_tokens.size());
  CHECK(a.decode.tokens == 3);
  CHECK(a.products == b.products);
  CHECK(a.tokens == b.tokens);
  CHECK(a.timings.empty());
}

TEST_CASE("a timed run has one timing per repetition and the same tokens", "[experiments]") {
  const energy::TempFolder folder;
  LevelOptions options = options_for(tiny_checkpoint(folder, models::Flavour::kF16));
  const LevelResult observed = run_level(options);
  options.repetitions = 3;
  options.threads = 2;
  const LevelResult timed = run_level(options);
  CHECK(timed.flavour == "fp16");
  CHECK(timed.timings.size() == 3);
  CHECK(timed.products.empty());
  CHECK(timed.tokens == observed.tokens);
  for (const Timing& timing : timed.timings) {
    CHECK(timing.prefill_s > 0);
    CHECK(timing.decode_s > 0);
    CHECK(timing.decode_j.has_value() == timed.no_rapl.empty());
  }
}

TEST_CASE("the footprint is that of the shapes", "[experiments]") {
  const energy::TempFolder folder;
  // Per layer q and o of 128 x 128, k and v of 64 x 128, three of 256 x 128.
  const std::uint64_t linear = 2 * (2 * 128 * 128 + 2 * 64 * 128 + 3 * 256 * 128);
  // Norms of 128, 128, 128 and 256 per layer, 128 at the end; an embedding of 300 x 128.
  const std::uint64_t norms = 2 * (3 * 128 + 256) + 128, embedding = 300 * 128;
  for (const models::Flavour flavour : {models::Flavour::kTernary, models::Flavour::kF16}) {
    const std::string path = tiny_checkpoint(folder, flavour);
    const Footprint f = run_level(options_for(path)).footprint;
    const bool ternary = flavour == models::Flavour::kTernary;
    CHECK(f.linear_weights == linear);
    CHECK(f.linear_bytes == (ternary ? linear / 4 + 2 * 7 * 4 : linear * 2));
    CHECK(f.weights == linear + norms + embedding);
    CHECK(f.weight_bytes == f.linear_bytes + 4 * norms + 2 * embedding);
    CHECK(f.file_bytes == std::filesystem::file_size(path));
    CHECK(f.kv_bytes_per_token == 2 * 2 * 64 * 4);
    CHECK(f.context == 96);
    CHECK(f.layers == 2);
    CHECK(f.attention_dim == 128);
  }
}

TEST_CASE("a prompt or a count that cannot be is refused with one line", "[experiments]") {
  const energy::TempFolder folder;
  const LevelOptions good = options_for(tiny_checkpoint(folder, models::Flavour::kTernary));
  LevelOptions bad = good;
  bad.prompt = "";
  CHECK_THROWS_WITH(run_level(bad), Catch::Contains("--prompt is empty"));
  bad = good;
  bad.tokens = 91;  // with the start token 6 + 91
  CHECK_THROWS_WITH(run_level(bad), Catch::Contains("6 + 91 tokens") && Catch::Contains("is 96"));
  bad.tokens = 90;
  CHECK_NOTHROW(run_level(bad));
  bad.tokens = 1;
  CHECK_THROWS_WITH(run_level(bad), Catch::Contains("--tokens"));
  bad = good;
  bad.checkpoint = "/nowhere.gguf";
  CHECK_THROWS_WITH(run_level(bad), Catch::Contains("/nowhere.gguf"));
}

}  // namespace
}  // namespace tern::experiments
