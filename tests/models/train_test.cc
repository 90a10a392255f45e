// SPDX-License-Identifier: Apache-2.0
//
// State space: short runs of both flavours; a run that stops and goes on; snapshots that are cut,
// foreign or of another run; a context too small.
// Parameters: a model of some thousand weights on the grammar of the stories.

#include "models/train.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "models/bpe_train.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

const Tokenizer& tokenizer() {
  static const Tokenizer made(learn_bpe(story_corpus(Grammar::stories(), 1, 200), 400));
  return made;
}

Config tiny() {
  Config c;
  c.vocab = tokenizer().size();
  c.context = 256;
  c.dim = 32;
  c.layers = 1;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_dim = 16;
  c.ffn = 64;
  return c;
}

TrainOptions options(std::size_t steps) {
  TrainOptions o;
  o.steps = steps;
  o.stories_per_step = 4;
  o.warmup_steps = 5;
  o.learning_rate = 1e-2;
  return o;
}

TEST_CASE("training lowers the loss of both flavours well below that of guessing",
          "[models][train]") {
  for (const Flavour flavour : {Flavour::kTernary, Flavour::kF16}) {
    TrainOptions o = options(130);
    o.flavour = flavour;
    double first = 0, last = 0;
    train(tiny(), Grammar::stories(), tokenizer(), o, [&](const StepReport& r) {
      (r.step == 1 ? first : last) = r.loss;
      return true;
    });
    CHECK(first == Approx(std::log(400.0)).epsilon(0.05));
    CHECK(last < 0.75 * first);
  }
}

TEST_CASE("a run that was stopped goes on to the same bits", "[models][train]") {
  const TempFolder folder;
  const auto all = [](const StepReport&) { return true; };
  TrainOptions o = options(12);
  const MasterWeights through = train(tiny(), Grammar::stories(), tokenizer(), o, all);
  o.snapshot = folder.file("run.snap");
  train(tiny(), Grammar::stories(), tokenizer(), o, [](const StepReport& r) { return r.step < 7; });
  std::size_t resumed_at = 0;
  const MasterWeights again =
      train(tiny(), Grammar::stories(), tokenizer(), o, [&](const StepReport& r) {
        if (resumed_at == 0) resumed_at = r.step;
        return true;
      });
  CHECK(resumed_at == 8);
  CHECK(again.token_embd == through.token_embd);
  CHECK(again.layers[0].ffn_down == through.layers[0].ffn_down);
}

TEST_CASE("two threads learn what one learns up to rounding", "[models][train]") {
  TrainOptions o = options(8);
  double one = 0, two = 0;
  train(tiny(), Grammar::stories(), tokenizer(), o, [&](const StepReport& r) {
    one = r.loss;
    return true;
  });
  o.threads = 2;
  train(tiny(), Grammar::stories(), tokenizer(), o, [&](const StepReport& r) {
    two = r.loss;
    return true;
  });
  CHECK(two == Approx(one).epsilon(0.01));
}

TEST_CASE("a snapshot that is damaged or of another run is refused", "[models][train]") {
  const TempFolder folder;
  const auto all = [](const StepReport&) { return true; };
  TrainOptions o = options(2);
  o.snapshot = folder.file("run.snap");
  const auto go = [&] { train(tiny(), Grammar::stories(), tokenizer(), o, all); };
  go();
  SECTION("another seed") {
    o.seed = 2;
    CHECK_THROWS_WITH(go(), Catch::Contains("run.snap: snapshot of another run"));
  }
  SECTION("cut short") {
    std::filesystem::resize_file(o.snapshot, std::filesystem::file_size(o.snapshot) - 1);
    CHECK_THROWS_WITH(go(), Catch::Contains("run.snap: the snapshot is cut short"));
  }
  SECTION("one bit flipped") {
    std::string bytes = read_file(o.snapshot);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(o.snapshot, std::ios::binary) << bytes;
    CHECK_THROWS_WITH(go(), Catch::Contains("run.snap: the snapshot is damaged"));
  }
  SECTION("not a snapshot") {
    std::ofstream(o.snapshot) << "some words of no meaning";
    CHECK_THROWS_WITH(go(), Catch::Contains("run.snap: not a snapshot"));
  }
}

TEST_CASE("a context too small for the stories is refused", "[models][train]") {
  Config c = tiny();
  c.context = 40;
  CHECK_THROWS_WITH(
      train(c, Grammar::stories(), tokenizer(), options(1), [](const StepReport&) { return true; }),
      Catch::Contains("exceeds the context of 40"));
}

TEST_CASE("the learning rate rises to its peak and falls to zero", "[models][train]") {
  TrainOptions o = options(100);
  o.warmup_steps = 10;
  CHECK(learning_rate_at(o, 5) == Approx(o.learning_rate / 2));
  CHECK(learning_rate_at(o, 10) == Approx(o.learning_rate));
  CHECK(learning_rate_at(o, 51) < 0.7 * learning_rate_at(o, 50));  // second stage
  CHECK(learning_rate_at(o, 100) == Approx(0).margin(1e-12));
  o.flavour = Flavour::kF16;
  CHECK(learning_rate_at(o, 51) > 0.9 * learning_rate_at(o, 50));
}

}  // namespace
}  // namespace tern::models
