// SPDX-License-Identifier: Apache-2.0

#include "models/sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/check.h"

namespace tern::models {
namespace {

void require(bool holds, const char* name, double value, const char* expected) {
  if (!holds)
    throw std::runtime_error(std::string(name) + " is " + std::to_string(value) + ", expected " +
                             expected);
}

// e^x for x <= 0, of IEEE operations alone: std::exp may differ from library to library in its last
// bit, and with it a draw. Within 2 ulp: x = n ln 2 + r, |r| <= ln 2 / 2, where a Taylor polynomial
// of degree 13 is off by less than 4e-18.
double exp_of(double x) {
  if (x < -745) return 0;  // below the smallest double
  constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  const double n = std::floor(x * 0x1.71547652b82fep+0 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int i = 13; i > 0; --i) sum = 1 + sum * r / i;
  return std::ldexp(sum, static_cast<int>(n));
}

}  // namespace

void check(const SamplerOptions& o) {
  require(o.temperature >= 0 && std::isfinite(o.temperature), "temperature", o.temperature,
          "a finite one of at least 0");
  require(o.top_p >= 0 && o.top_p <= 1, "top-p", o.top_p, "0 to 1");
  require(o.min_p >= 0 && o.min_p <= 1, "min-p", o.min_p, "0 to 1");
  require(o.repeat_penalty >= 0.01 && o.repeat_penalty <= 100, "repeat-penalty", o.repeat_penalty,
          "0.01 to 100");
  require(o.repeat_last >= -1, "repeat-last", static_cast<double>(o.repeat_last), "at least -1");
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), rng_(options.seed) {
  check(options);
  std::sort(options_.banned.begin(), options_.banned.end());
  const auto end = std::unique(options_.banned.begin(), options_.banned.end());
  options_.banned.erase(end, options_.banned.end());
}

void Sampler::saw(std::span<const TokenId> tokens) {
  if (options_.repeat_penalty == 1 || options_.repeat_last == 0) return;
  for (const TokenId id : tokens) {
    ++times_seen_[id];
    seen_.push_back(id);
    if (options_.repeat_last < 0 || seen_.size() <= static_cast<std::size_t>(options_.repeat_last))
      continue;
    const auto oldest = times_seen_.find(seen_.front());
    if (--oldest->second == 0) times_seen_.erase(oldest);
    seen_.pop_front();
  }
}

// Let s be the number of tokens that are banned or penalised (by 1 or more, so that none moves up)
// and k the tokens to keep, 1 when greedy. In the order of before(), the first k + s tokens hold at
// least k that are neither: call the k first of those U. A token outside the k + s stands behind
// every one of U, whose logits do not change; its own does not grow, so it stays behind them and is
// not among the k first. A penalty below 1 moves tokens up from anywhere, and top-p or min-p alone
// need the sum over all.
std::size_t Sampler::wanted() const {
  const std::size_t k = options_.temperature == 0 ? 1 : options_.top_k;
  if (k == 0 || options_.repeat_penalty < 1) return 0;
  const std::size_t s = options_.banned.size() + times_seen_.size();
  return k + s < k ? 0 : k + s;
}

void Sampler::take(const LogitList& list) {
  candidates_.clear();
  for (std::size_t i = 0; i < list.logits.size(); ++i) {
    const TokenId id = list.ids.empty() ? static_cast<TokenId>(i) : list.ids[i];
    double logit = static_cast<double>(list.logits[i]);
    if (!std::isfinite(logit)) throw std::runtime_error("a logit is not finite");
    if (std::binary_search(options_.banned.begin(), options_.banned.end(), id)) continue;
    if (!times_seen_.empty() && times_seen_.contains(id))
      logit = logit > 0 ? logit / options_.repeat_penalty : logit * options_.repeat_penalty;
    candidates_.push_back({logit, id});
  }
  if (candidates_.empty()) throw std::runtime_error("every token is banned");
  // All logits are drawn from in the order of ids, however they came.
  if (!list.ids.empty())
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
}

void Sampler::cut_top_k() {
  const std::size_t k = std::min(options_.top_k, candidates_.size());
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k),
                    candidates_.end(), before);
  candidates_.resize(k);
}

void Sampler::cut_top_p(double most) {
  double total = 0;
  for (const Candidate& c : candidates_) total += exp_of(c.logit - most);
  // Few are kept as a rule, so what is kept is sorted piece by piece.
  double kept = 0;
  std::size_t n = 0, sorted = 0;
  while (n < candidates_.size() && (n == 0 || kept < options_.top_p * total)) {
    if (n == sorted) {
      const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted);
      sorted = std::min(candidates_.size(), 8 * sorted + 64);
      const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted);
      std::partial_sort(begin, end, candidates_.end(), before);
    }
    kept += exp_of(candidates_[n++].logit - most);
  }
  candidates_.resize(n);
}

void Sampler::cut_min_p(double most) {
  std::erase_if(candidates_, [&](const Candidate& c) {
    return c.logit != most && exp_of(c.logit - most) < options_.min_p;
  });
}

TokenId Sampler::draw(double most) {
  double total = 0;
  weights_.clear();
  for (const Candidate& c : candidates_) {
    weights_.push_back(exp_of((c.logit - most) / options_.temperature));
    total += weights_.back();
  }
  // 53 random bits: a double in [0, 1), by hand because std::generate_canonical may differ.
  double u = static_cast<double>(rng_() >> 11) * 0x1p-53 * total;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (u < weights_[i]) return candidates_[i].id;
    u -= weights_[i];
  }
  // Rounding left a remainder: the last one that can be drawn at all.
  std::size_t last = weights_.size() - 1;
  while (last > 0 && weights_[last] == 0) --last;
  return candidates_[last].id;
}

TokenId Sampler::pick(const LogitList& list) {
  TERN_CHECK(!list.logits.empty(), "no logits to pick from");
  take(list);
  if (options_.temperature == 0)
    return std::min_element(candidates_.begin(), candidates_.end(), before)->id;
  if (options_.top_k != 0) cut_top_k();
  const double most = std::min_element(candidates_.begin(), candidates_.end(), before)->logit;
  if (options_.top_p < 1) cut_top_p(most);
  if (options_.min_p > 0) cut_min_p(most);
  return draw(most);
}

}  // namespace tern::models
