// SPDX-License-Identifier: Apache-2.0

#include "models/perplexity.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/check.h"
#include "models/generate.h"

namespace tern::models {

double nll(std::span<const float> logits, TokenId token) {
  TERN_CHECK(token < logits.size(), "token id outside the vocabulary");
  const double most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const float v : logits) sum += std::exp(static_cast<double>(v) - most);
  const double loss = std::log(sum) + most - static_cast<double>(logits[token]);
  if (!std::isfinite(loss)) throw std::runtime_error("a logit is not finite");
  return loss;
}

namespace {

// Tokens of the text that a window takes.
std::size_t taken(const PerplexityOptions& o) {
  return o.mode == PerplexityMode::kEveryToken ? o.window - 1 : o.window;
}

// Of a sequence x of n tokens, those after x[scored_from] are predicted.
std::size_t scored_from(const PerplexityOptions& o) {
  return o.mode == PerplexityMode::kSecondHalf ? o.window / 2 : 0;
}

}  // namespace

double Perplexity::nats_per_token() const {
  return tokens == 0 ? 0 : nats / static_cast<double>(tokens);
}

double Perplexity::perplexity() const { return std::exp(nats_per_token()); }

double Perplexity::standard_error() const {
  if (tokens < 2) return 0;
  const double n = static_cast<double>(tokens), mean = nats_per_token();
  return std::sqrt(std::max(nats_squared / n - mean * mean, 0.0) / (n - 1)) * perplexity();
}

PerplexityWork perplexity_work(const PerplexityOptions& o, std::size_t tokens) {
  const std::size_t step = taken(o), whole = tokens / step, rest = tokens % step;
  if (o.mode == PerplexityMode::kSecondHalf)
    return {whole, whole * (o.window - 1 - scored_from(o))};
  if (o.mode == PerplexityMode::kEveryToken) return {whole + (rest != 0), tokens};
  return {whole + (rest > 1), whole * (step - 1) + (rest > 1 ? rest - 1 : 0)};
}

Perplexity perplexity(Decoder& decoder, std::size_t vocab, const PerplexityOptions& o,
                      std::span<const TokenId> tokens,
                      const std::function<bool(const Perplexity&)>& progress) {
  TERN_CHECK(o.window >= (o.mode == PerplexityMode::kSecondHalf ? 3u : 2u) &&
                 o.window <= decoder.context(),
             "a window that does not fit the context");
  TERN_CHECK(o.mode != PerplexityMode::kEveryToken || o.first, "nothing to predict the first from");
  // Logits of so many tokens are held at once, whatever the window.
  constexpr std::size_t kBatch = 64;
  std::vector<float> logits(std::min(o.window, kBatch) * vocab);
  std::vector<TokenId> x;
  Perplexity p;
  const std::size_t windows = perplexity_work(o, tokens.size()).windows;
  for (std::size_t w = 0; w < windows; ++w) {
    const std::size_t begin = w * taken(o);
    const auto text = tokens.subspan(begin, std::min(taken(o), tokens.size() - begin));
    x.clear();
    if (o.mode == PerplexityMode::kEveryToken) x.push_back(*o.first);
    x.insert(x.end(), text.begin(), text.end());
    if (o.mode == PerplexityMode::kSecondHalf && o.first) x[0] = *o.first;
    decoder.reset();
    ++p.windows;
    std::size_t at = scored_from(o);
    if (at != 0) {
      const auto last =
          append_but_last(decoder, std::span(x).first(at), [&] { return progress(p); });
      if (!last) return p;
      decoder.append(*last);
    }
    while (at + 1 < x.size()) {
      const auto batch = std::span(x).subspan(at, std::min(kBatch, x.size() - 1 - at));
      decoder.forward_all(batch, logits.data());
      for (std::size_t t = 0; t < batch.size(); ++t) {
        const double nats = nll(std::span(logits).subspan(t * vocab, vocab), x[at + t + 1]);
        p.nats += nats;
        p.nats_squared += nats * nats;
      }
      p.tokens += batch.size();
      at += batch.size();
      if (!progress(p)) return p;
    }
  }
  return p;
}

}  // namespace tern::models
