// SPDX-License-Identifier: Apache-2.0

#include "models/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/generate.h"
#include "models/train.h"

namespace tern::models {
namespace {

double ratio(double a, std::size_t b) { return a / static_cast<double>(b); }

TokenId special(const std::optional<TokenId>& id, const char* name) {
  if (!id)
    throw std::runtime_error(
        fmt::format("the model has no {} token: it was not trained on stories", name));
  return *id;
}

// -ln softmax(logits)[target]
double nats(std::span<const float> logits, TokenId target) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit} - top);
  return std::log(sum) + top - double{logits[target]};
}

}  // namespace

double Loss::nats_per_token() const { return ratio(nats, tokens); }
double Loss::bits_per_byte() const { return ratio(nats / std::numbers::ln2, bytes); }
double Loss::grammar_bits_per_byte() const { return ratio(grammar_bits, bytes); }
double Generated::sentence_rate() const {
  return sentences == 0 ? 0 : ratio(static_cast<double>(parsed_sentences), sentences);
}
double Generated::story_rate() const {
  return stories == 0 ? 0 : ratio(static_cast<double>(parsed_stories), stories);
}

Loss story_loss(Decoder& model, const Tokenizer& tokenizer, const Grammar& grammar,
                std::uint64_t seed, std::size_t stories,
                const std::function<void(std::size_t)>& progress) {
  Loss loss;
  std::mt19937_64 rng = story_generator(seed, 1);
  std::vector<float> logits;
  for (std::size_t i = 0; i < stories; ++i) {
    const Sample story = grammar.sample(rng);
    std::vector<TokenId> ids = {special(tokenizer.data().bos, "BOS")};
    const std::vector<TokenId> body = tokenizer.encode(story.text, false);
    ids.insert(ids.end(), body.begin(), body.end());
    ids.push_back(special(tokenizer.data().eos, "EOS"));
    const std::size_t inputs = ids.size() - 1;
    if (inputs > model.context())
      throw std::runtime_error(fmt::format("a story of {} tokens exceeds the model's context of {}",
                                           inputs, model.context()));
    model.reset();
    logits.resize(inputs * tokenizer.size());
    model.forward_all(std::span(ids).first(inputs), logits.data());
    for (std::size_t t = 0; t < inputs; ++t)
      loss.nats +=
          nats(std::span(logits).subspan(t * tokenizer.size(), tokenizer.size()), ids[t + 1]);
    ++loss.stories;
    loss.tokens += inputs;
    loss.bytes += story.text.size();
    loss.grammar_bits += story.bits;
    progress(i + 1);
  }
  return loss;
}

Generated generate_stories(Decoder& model, const Tokenizer& tokenizer, const Grammar& grammar,
                           std::uint64_t seed, std::size_t stories,
                           const std::function<void(std::size_t)>& progress) {
  const TokenId bos = special(tokenizer.data().bos, "BOS");
  GenerateOptions options{.max_tokens = model.context(),
                          .stops = {special(tokenizer.data().eos, "EOS")},
                          .sampler = {.temperature = 1, .top_k = 0, .top_p = 1, .seed = seed}};
  Generated out;
  for (std::size_t i = 0; i < stories; ++i, ++options.sampler.seed) {
    model.reset();
    const Generation made =
        generate(model, std::span(&bos, 1), options, [](TokenId) { return true; });
    const std::string text = tokenizer.decode(made.tokens);
    ++out.stories;
    out.ended += made.stop == Stop::kEos;
    out.parsed_stories += made.stop == Stop::kEos && grammar.parse(text).derivations > 0;
    for (const std::string_view sentence : split_sentences(text)) {
      ++out.sentences;
      out.parsed_sentences += grammar.parses_as_sentence(sentence);
    }
    progress(i + 1);
  }
  return out;
}

}  // namespace tern::models
