// SPDX-License-Identifier: Apache-2.0
//
// State space: the loops around a decoder: what ends a text, what a prompt may be, how a text is
// cut into windows; on a decoder whose next token is known. Parameters: window sizes.

#include "models/generate.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "models/perplexity.h"

namespace tern::models {
namespace {

// Ten tokens; after token t the likeliest is t + 1, by `kLead`, and every logit also depends on
// the position so that windows that are cut otherwise give another sum.
class Counting : public Decoder {
 public:
  static constexpr std::size_t kVocab = 10;
  explicit Counting(std::size_t context) : context_(context) {}

  static float lead(std::size_t position) { return 1.0f + static_cast<float>(position % 5); }

  std::span<const float> forward(std::span<const TokenId> tokens) override {
    logits_.resize(tokens.size() * kVocab);
    forward_all(tokens, logits_.data());
    return std::span(logits_).last(kVocab);
  }
  void forward_all(std::span<const TokenId> tokens, float* logits) override {
    for (const TokenId t : tokens) {
      REQUIRE(position_ < context_);
      for (std::size_t v = 0; v < kVocab; ++v)
        *logits++ = v == (t + 1) % kVocab ? lead(position_) : 0.0f;
      ++position_;
      fed.push_back(t);
    }
  }
  std::size_t position() const override { return position_; }
  std::size_t context() const override { return context_; }
  void reset() override { position_ = 0; }
  void truncate(std::size_t position) override { position_ = position; }

  std::vector<TokenId> fed;

 private:
  std::size_t context_, position_ = 0;
  std::vector<float> logits_;
};

using Ids = std::vector<TokenId>;

TEST_CASE("tokens are appended part by part but for the last part", "[models]") {
  for (const auto& [tokens, parts] : {std::pair<std::size_t, std::size_t>{1, 0},
                                      {kPromptPart, 0},
                                      {kPromptPart + 1, 1},
                                      {3 * kPromptPart, 2}}) {
    INFO(tokens);
    Counting decoder(tokens);
    std::size_t asked = 0;
    const Ids ids(tokens, 1);
    const auto last = append_but_last(decoder, ids, [&] { return ++asked > 0; });
    REQUIRE(last);
    CHECK(asked == parts);
    CHECK(decoder.position() == parts * kPromptPart);
    CHECK(decoder.position() + last->size() == tokens);
    CHECK(append_but_last(decoder, *last, {}).has_value());
  }
  Counting decoder(3 * kPromptPart);
  std::size_t asked = 0;
  CHECK_FALSE(append_but_last(decoder, Ids(3 * kPromptPart, 1), [&] { return ++asked < 2; }));
  CHECK(decoder.position() == kPromptPart);
}

TEST_CASE("perplexity ends within a part of a window's first half", "[models]") {
  const PerplexityOptions o{.window = 6 * kPromptPart};
  for (const std::size_t most : {std::size_t{1}, std::size_t{2}}) {
    Counting decoder(o.window);
    std::size_t asked = 0;
    const Perplexity p = perplexity(decoder, Counting::kVocab, o, Ids(o.window, 1),
                                    [&](const Perplexity&) { return ++asked < most; });
    CHECK(p.tokens == 0);
    CHECK(decoder.fed.size() == (most - 1) * kPromptPart);
  }
}

const auto go_on = [](TokenId) { return true; };

TEST_CASE("generation goes on to the length asked for", "[models]") {
  Counting decoder(100);
  Ids told;
  const Generation g = generate(decoder, Ids{3, 4}, {.max_tokens = 3}, [&](TokenId id) {
    told.push_back(id);
    return true;
  });
  CHECK(g.tokens == Ids{5, 6, 7});
  CHECK(told == g.tokens);
  CHECK(g.stop == Stop::kLength);
  CHECK(g.prefill_tokens == 2);
  CHECK(g.decode_steps == 2);
  CHECK(decoder.fed == Ids{3, 4, 5, 6});  // the last token is not fed back
}

TEST_CASE("generation ends with the end token and does not show it", "[models]") {
  Counting decoder(100);
  const Generation g = generate(decoder, Ids{3}, {.max_tokens = 50, .stops = {9, 6}}, go_on);
  CHECK(g.tokens == Ids{4, 5});
  CHECK(g.stop == Stop::kEos);
}

TEST_CASE("generation ends where the context does", "[models]") {
  Counting decoder(4);
  const Generation g = generate(decoder, Ids{0, 1}, {.max_tokens = 50}, go_on);
  CHECK(g.stop == Stop::kContext);
  CHECK(g.tokens == Ids{2, 3, 4});  // the last one is sampled after the context is full
  Counting full(2);
  CHECK(generate(full, Ids{0, 1}, {.max_tokens = 50}, go_on).tokens == Ids{2});
}

TEST_CASE("generation ends when the caller says so", "[models]") {
  Counting decoder(100);
  const Generation g = generate(decoder, Ids{0}, {}, [](TokenId id) { return id != 2; });
  CHECK(g.tokens == Ids{1, 2});
  CHECK(g.stop == Stop::kCaller);
}

TEST_CASE("generation keeps what there was when a pass is interrupted", "[models]") {
  class Interruptible : public Counting {
   public:
    using Counting::Counting;
    std::span<const float> forward(std::span<const TokenId> tokens) override {
      if (passes-- == 0) throw Interrupted{};
      return Counting::forward(tokens);
    }
    int passes = 0;
  };
  Interruptible decoder(100);
  Generation g = generate(decoder, Ids{0, 1}, {}, [](TokenId) { return true; });
  CHECK(g.tokens.empty());
  CHECK(g.stop == Stop::kCaller);
  CHECK(g.prefill_tokens == 0);
  decoder.passes = 3;
  g = generate(decoder, Ids{0, 1}, {}, [](TokenId) { return true; });
  CHECK(g.tokens == Ids{2, 3, 4});
  CHECK(g.stop == Stop::kCaller);
  CHECK(g.prefill_tokens == 2);
  CHECK(g.decode_steps == 2);
}

TEST_CASE("an empty prompt and one beyond the context are refused", "[models]") {
  Counting decoder(3);
  CHECK_THROWS_WITH(generate(decoder, Ids{}, {}, go_on), Catch::Contains("prompt is empty"));
  CHECK_THROWS_WITH(generate(decoder, Ids{1, 2, 3, 4}, {}, go_on),
                    Catch::Contains("the prompt has 4 tokens") && Catch::Contains("holds 3"));
  CHECK(decoder.fed.empty());
}

TEST_CASE("a decoder that holds the beginning of the prompt reads the rest", "[models]") {
  Counting decoder(100);
  decoder.forward(Ids{0, 1});
  const Generation g = generate(decoder, Ids{0, 1, 2, 3}, {.max_tokens = 2}, go_on);
  CHECK(g.tokens == Ids{4, 5});
  CHECK(g.prefill_tokens == 2);
  CHECK(decoder.fed == Ids{0, 1, 2, 3, 4});
}

TEST_CASE("the penalty looks back into the prompt and at what was generated", "[models]") {
  Counting decoder(100);
  GenerateOptions options{.max_tokens = 3};
  options.sampler.repeat_penalty = 100;
  const Generation g = generate(decoder, Ids{6, 5}, options, go_on);
  CHECK(g.tokens[0] == 6);  // 2 / 100 is still above 0
  options.sampler.banned = {6};
  Counting again(100);
  CHECK(generate(again, Ids{6, 5}, options, go_on).tokens == Ids{0, 1, 2});
}

const auto on = [](const Perplexity&) { return true; };

// What -ln p of the token that x[at + 1] is has to be after x[0], ..., x[at].
double nats_after(const Ids& x, std::size_t at) {
  const double lead = static_cast<double>(Counting::lead(at));
  return std::log(9 + std::exp(lead)) - (x[at + 1] == (x[at] + 1) % 10 ? lead : 0.0);
}

TEST_CASE("perplexity predicts what its mode says from what it says", "[models]") {
  Ids text;
  for (TokenId i = 0; i < 157; ++i) text.push_back(i * i % 10);
  const auto mode =
      GENERATE(PerplexityMode::kSecondHalf, PerplexityMode::kEveryToken, PerplexityMode::kAsIs);
  const std::optional<TokenId> first = GENERATE(std::optional<TokenId>(9), std::nullopt);
  if (mode == PerplexityMode::kEveryToken && !first) return;
  for (const std::size_t window : {2u, 3u, 4u, 64u, 65u, 66u, 78u, 100u, 156u, 157u, 158u, 200u}) {
    if (window == 2 && mode == PerplexityMode::kSecondHalf) continue;
    INFO("mode " << static_cast<int>(mode) << ", window " << window);
    // The windows, and from where on each is scored, spelled out.
    std::vector<Ids> windows;
    const std::size_t step = mode == PerplexityMode::kEveryToken ? window - 1 : window;
    for (std::size_t begin = 0; begin < text.size(); begin += step) {
      Ids x(text.begin() + static_cast<std::ptrdiff_t>(begin),
            text.begin() + static_cast<std::ptrdiff_t>(std::min(begin + step, text.size())));
      if (mode == PerplexityMode::kSecondHalf && x.size() < window) break;
      if (mode == PerplexityMode::kSecondHalf && first) x[0] = *first;
      if (mode == PerplexityMode::kEveryToken) x.insert(x.begin(), *first);
      if (x.size() > 1) windows.push_back(x);
    }
    double sum = 0, squares = 0;
    std::size_t count = 0;
    for (const Ids& x : windows)
      for (std::size_t at = mode == PerplexityMode::kSecondHalf ? window / 2 : 0; at + 1 < x.size();
           ++at, ++count) {
        sum += nats_after(x, at);
        squares += nats_after(x, at) * nats_after(x, at);
      }
    Counting decoder(200);
    const PerplexityOptions options{mode, first, window};
    const Perplexity p = perplexity(decoder, 10, options, text, on);
    CHECK(p.nats == Approx(sum).epsilon(1e-9));
    CHECK(p.nats_squared == Approx(squares).epsilon(1e-9));
    CHECK(p.tokens == count);
    CHECK(p.windows == windows.size());
    const PerplexityWork work = perplexity_work(options, text.size());
    CHECK(work.windows == windows.size());
    CHECK(work.tokens == count);
    if (mode == PerplexityMode::kEveryToken) CHECK(count == text.size());
    if (count < 2) continue;
    const double n = static_cast<double>(count);
    CHECK(p.perplexity() == Approx(std::exp(sum / n)));
    CHECK(p.standard_error() ==
          Approx(std::exp(sum / n) * std::sqrt((squares / n - sum / n * (sum / n)) / (n - 1)))
              .margin(1e-6));
  }
}

TEST_CASE("perplexity stops when the caller says so", "[models]") {
  Counting decoder(10);
  const Perplexity p = perplexity(decoder, 10, {PerplexityMode::kEveryToken, 9, 10}, Ids(50, 1),
                                  [](const Perplexity& so_far) { return so_far.tokens < 20; });
  CHECK(p.tokens == 27);
}

TEST_CASE("no tokens and one have no spread", "[models]") {
  CHECK(Perplexity{}.perplexity() == 1);
  CHECK(Perplexity{1, 1, 2.0, 4.0}.standard_error() == 0);
}

TEST_CASE("nll is minus the log of the softmax", "[models]") {
  const std::vector<float> logits = {1000.0f, 1001.0f};
  CHECK(nll(logits, 0) == Approx(std::log(1 + std::exp(1.0))));
  CHECK(nll(logits, 1) == Approx(std::log(1 + std::exp(-1.0))));
  const std::vector<float> bad = {0.0f, NAN};
  CHECK_THROWS_WITH(nll(bad, 0), Catch::Contains("not finite"));
}

}  // namespace
}  // namespace tern::models
