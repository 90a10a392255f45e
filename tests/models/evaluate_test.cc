// SPDX-License-Identifier: Apache-2.0
//
// State space: decoders whose knowledge is known: none at all, and one story by heart, whole and
// with a fault.
// Parameters: the vocabulary.

#include "models/evaluate.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "models/bpe_train.h"
#include "models/train.h"

namespace tern::models {
namespace {

const Tokenizer& tokenizer() {
  static const Tokenizer made(learn_bpe(story_corpus(Grammar::stories(), 1, 200), 400));
  return made;
}

// Says `script` from position 0 on, token by token, with certainty; an empty one says nothing.
class Parrot : public Decoder {
 public:
  explicit Parrot(std::vector<TokenId> script) : script_(std::move(script)) {}

  std::span<const float> forward(std::span<const TokenId> tokens) override {
    logits_.resize(tokens.size() * tokenizer().size());
    forward_all(tokens, logits_.data());
    return std::span(logits_).last(tokenizer().size());
  }
  void forward_all(std::span<const TokenId> tokens, float* logits) override {
    for (std::size_t i = 0; i < tokens.size(); ++i, ++position_) {
      float* row = logits + i * tokenizer().size();
      std::fill_n(row, tokenizer().size(), 0.0f);
      if (position_ < script_.size()) row[script_[position_]] = 100.0f;
    }
  }
  std::size_t position() const override { return position_; }
  std::size_t context() const override { return 256; }
  void reset() override { position_ = 0; }
  void truncate(std::size_t position) override { position_ = position; }

 private:
  std::vector<TokenId> script_;
  std::vector<float> logits_;
  std::size_t position_ = 0;
};

void quiet(std::size_t) {}

std::vector<TokenId> script_of(const std::string& text) {
  std::vector<TokenId> ids = tokenizer().encode(text, false);
  ids.push_back(*tokenizer().data().eos);
  return ids;
}

TEST_CASE("who knows nothing pays the logarithm of the vocabulary", "[models][evaluate]") {
  Parrot parrot({});
  const Loss loss = story_loss(parrot, tokenizer(), Grammar::stories(), 3, 5, quiet);
  CHECK(loss.stories == 5);
  CHECK(loss.nats_per_token() == Approx(std::log(400.0)).epsilon(1e-12));
  CHECK(loss.bits_per_byte() == Approx(static_cast<double>(loss.tokens) * std::log2(400.0) /
                                       static_cast<double>(loss.bytes))
                                    .epsilon(1e-12));
}

TEST_CASE("the stories are those of their seed and priced by the grammar", "[models][evaluate]") {
  Parrot parrot({});
  const Loss loss = story_loss(parrot, tokenizer(), Grammar::stories(), 3, 2, quiet);
  std::mt19937_64 rng = story_generator(3, 1);
  const Sample a = Grammar::stories().sample(rng), b = Grammar::stories().sample(rng);
  CHECK(loss.bytes == a.text.size() + b.text.size());
  CHECK(loss.grammar_bits == Approx(a.bits + b.bits).epsilon(1e-12));
  CHECK(loss.tokens == script_of(a.text).size() + script_of(b.text).size());
}

TEST_CASE("who knows the story by heart pays nothing", "[models][evaluate]") {
  std::mt19937_64 rng = story_generator(4, 1);
  Parrot parrot(script_of(Grammar::stories().sample(rng).text));
  const Loss loss = story_loss(parrot, tokenizer(), Grammar::stories(), 4, 1, quiet);
  CHECK(loss.nats == Approx(0).margin(1e-9));
}

TEST_CASE("a generated story parses and one with a fault does not", "[models][evaluate]") {
  std::mt19937_64 rng = story_generator(5, 1);
  std::string text = Grammar::stories().sample(rng).text;
  const std::size_t sentences = split_sentences(text).size();
  Parrot right(script_of(text));
  const Generated good = generate_stories(right, tokenizer(), Grammar::stories(), 1, 3, quiet);
  CHECK(good.ended == 3);
  CHECK(good.parsed_stories == 3);
  CHECK(good.sentences == 3 * sentences);
  CHECK(good.sentence_rate() == 1);

  text.erase(text.size() - 4, 1);
  Parrot wrong(script_of(text));
  const Generated bad = generate_stories(wrong, tokenizer(), Grammar::stories(), 1, 2, quiet);
  CHECK(bad.parsed_stories == 0);
  CHECK(bad.sentences - bad.parsed_sentences == 2);
}

TEST_CASE("a story that never ends is no story", "[models][evaluate]") {
  Parrot endless(std::vector<TokenId>(400, 65));
  const Generated made = generate_stories(endless, tokenizer(), Grammar::stories(), 1, 1, quiet);
  CHECK(made.ended == 0);
  CHECK(made.story_rate() == 0);
}

}  // namespace
}  // namespace tern::models
