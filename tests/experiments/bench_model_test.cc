// SPDX-License-Identifier: Apache-2.0
//
// State space: where a benchmark of a model looks whether it was ended: within a prompt, within the
// context before a text, before each token. Parameters: one small random checkpoint.

#include "experiments/bench_model.h"

#include <catch2/catch.hpp>

#include "models/checkpoint.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::experiments {
namespace {

struct Ended {
  bool finished;
  std::size_t asked = 0, records = 0;
};

// Ended at the question `last`, counted from 1; 0: never.
Ended run(const ModelBenchOptions& o, std::size_t last) {
  Ended e{};
  e.finished = run_model_bench(
      o, [&] { return ++e.asked == last; }, [](const std::string&) {},
      [&](const ModelBenchRecord&) { ++e.records; });
  return e;
}

TEST_CASE("a benchmark of a model ends within a layer of a batch", "[experiments]") {
  const models::TempFolder folder;
  models::Config c = models::tiny_config();
  c.context = 2048;
  models::write_checkpoint(folder.file("m"), models::random_master(c, 1),
                           models::tiny_tokenizer(c.vocab), models::Flavour::kTernary);
  ModelBenchOptions o;
  o.models = {folder.file("m")};
  o.threads = {1};
  o.layouts = {"t5p"};
  o.kv = {"f16"};
  o.repetitions = 1;
  o.warm_up = false;
  o.limit_mb = 1;
  o.limit_time_s = 1e-4;
  // Before the model; in each layer of its first token.
  std::size_t expected = 1 + 4 * c.layers;
  SECTION("of a prompt") {
    o.prompts = {1536}, o.generate = {0};
    expected += 1 + 2 + 3 * 4 * c.layers;  // before the pass, between its batches, within them
    expected -= 2 * 3;  // of the last layer keys and values alone, but for the last batch
  }
  SECTION("of the context before") {
    o.prompts = {0}, o.generate = {2}, o.depths = {1537};
    expected += 3 + 2 + 6 * 4 * c.layers;  // between the batches, before each token, within them
    expected -= 3 * 3;
  }
  const Ended whole = run(o, 0);
  CHECK(whole.finished);
  CHECK(whole.records == 1);
  CHECK(whole.asked == expected);
  for (std::size_t last = 1; last <= expected; ++last) {
    const Ended early = run(o, last);
    CHECK_FALSE(early.finished);
    CHECK(early.records == 0);
    CHECK(early.asked == last);
  }
}

}  // namespace
}  // namespace tern::experiments
