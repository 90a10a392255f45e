// SPDX-License-Identifier: Apache-2.0

#include "models/perplexity.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/check.h"

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

Perplexity perplexity(Decoder& decoder, std::size_t vocab, TokenId first,
                      std::span<const TokenId> tokens, std::size_t window,
                      const std::function<bool(std::size_t)>& progress) {
  TERN_CHECK(window >= 2 && window <= decoder.context(), "a window that does not fit the context");
  // Logits of so many tokens are held at once, whatever the window.
  constexpr std::size_t kBatch = 64;
  std::vector<float> logits(std::min(window, kBatch) * vocab);
  Perplexity p;
  for (std::size_t begin = 0; begin < tokens.size(); begin += window - 1) {
    const auto targets = tokens.subspan(begin, std::min(window - 1, tokens.size() - begin));
    std::vector<TokenId> inputs = {first};
    inputs.insert(inputs.end(), targets.begin(), targets.end() - 1);
    decoder.reset();
    ++p.windows;
    for (std::size_t i = 0; i < inputs.size(); i += kBatch) {
      const auto batch = std::span(inputs).subspan(i, std::min(kBatch, inputs.size() - i));
      decoder.forward_all(batch, logits.data());
      for (std::size_t t = 0; t < batch.size(); ++t)
        p.nats += nll(std::span(logits).subspan(t * vocab, vocab), targets[i + t]);
      p.tokens += batch.size();
      if (!progress(p.tokens)) return p;
    }
  }
  return p;
}

}  // namespace tern::models
