// SPDX-License-Identifier: Apache-2.0
//
// Sampling, exact entropy and parsing. The notation is read in grammar_builder.cc.

#include "models/grammar.h"

#include <Eigen/Sparse>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

namespace tern::models {
namespace {

constexpr std::size_t kMaxParseBytes = 1 << 16;  // bounds the parser's recursion

// Uniform in [0, 1), the same on every standard library.
double uniform(std::mt19937_64& rng) { return static_cast<double>(rng() >> 11) * 0x1p-53; }

}  // namespace

std::size_t Grammar::productions() const {
  std::size_t n = 0;
  for (const Symbol& symbol : symbols_) n += symbol.productions.size();
  return n;
}

Sample Grammar::sample(std::mt19937_64& rng) const {
  Sample out{{}, 0, {}};
  std::vector<Item> stack = {{false, start_}};
  while (!stack.empty()) {
    const Item item = stack.back();
    stack.pop_back();
    if (item.terminal) {
      out.text += texts_[item.index];
      continue;
    }
    const Symbol& symbol = symbols_[item.index];
    if (symbol.sentence) out.sentences.push_back(out.text.size());
    double u = uniform(rng);
    std::size_t choice = 0;
    while (choice + 1 < symbol.productions.size() && u >= symbol.productions[choice].probability)
      u -= symbol.productions[choice++].probability;
    const Production& production = symbol.productions[choice];
    out.bits -= std::log2(production.probability);
    stack.insert(stack.end(), production.items.rbegin(), production.items.rend());
  }
  return out;
}

// Per symbol, expectation = own + sum over productions of p * sum over items: one sparse linear
// system (I - A) x = own for the bytes, and one for the bits.
void Grammar::solve() {
  const auto n = static_cast<Eigen::Index>(symbols_.size());
  std::vector<Eigen::Triplet<double>> entries;
  Eigen::VectorXd bytes = Eigen::VectorXd::Zero(n), bits = Eigen::VectorXd::Zero(n);
  for (Eigen::Index s = 0; s < n; ++s) {
    entries.emplace_back(s, s, 1.0);
    for (const Production& production : symbols_[static_cast<std::size_t>(s)].productions) {
      const double p = production.probability;
      bits[s] -= p * std::log2(p);
      for (const Item& item : production.items) {
        if (item.terminal)
          bytes[s] += p * static_cast<double>(texts_[item.index].size());
        else
          entries.emplace_back(s, static_cast<Eigen::Index>(item.index), -p);
      }
    }
  }
  Eigen::SparseMatrix<double> system(n, n);
  system.setFromTriplets(entries.begin(), entries.end());
  Eigen::SparseLU<Eigen::SparseMatrix<double>> lu(system);
  // Expansions are expected to end if and only if (I - A) x = 1 has a positive solution.
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(n);
  if (lu.info() != Eigen::Success || !(lu.solve(ones).array() >= 0.5).all())
    throw std::runtime_error("its texts are endless in expectation");
  entropy_bits_ = Eigen::VectorXd(lu.solve(bits))[start_];
  expected_bytes_ = Eigen::VectorXd(lu.solve(bytes))[start_];
}

// What symbol s derives from position i, for every end position, found once and kept.
class Grammar::Chart {
 public:
  struct Span {
    std::size_t end;
    double derivations, probability;
  };

  Chart(const Grammar& grammar, std::string_view text) : grammar_(grammar), text_(text) {
    if (text.size() > kMaxParseBytes)
      throw std::runtime_error("text of " + std::to_string(text.size()) +
                               " bytes is too long to parse: the limit is " +
                               std::to_string(kMaxParseBytes));
  }

  const std::vector<Span>& spans(std::uint32_t symbol, std::size_t begin) {
    const std::uint64_t key = symbol * (kMaxParseBytes + 1) + begin;
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    std::vector<Span> result;
    for (const Production& production : grammar_.symbols_[symbol].productions) {
      std::vector<Span> open = {{begin, 1, production.probability}};
      for (const Item& item : production.items) {
        std::vector<Span> next;
        for (const Span& span : open) {
          if (item.terminal) {
            const std::string& terminal = grammar_.texts_[item.index];
            if (text_.substr(span.end).starts_with(terminal))
              add(next, {span.end + terminal.size(), span.derivations, span.probability});
          } else {
            for (const Span& more : spans(item.index, span.end))
              add(next, {more.end, span.derivations * more.derivations,
                         span.probability * more.probability});
          }
        }
        open = std::move(next);
        if (open.empty()) break;
      }
      for (const Span& span : open) add(result, span);
    }
    return known_.emplace(key, std::move(result)).first->second;
  }

  Span whole(std::uint32_t symbol) {
    for (const Span& span : spans(symbol, 0))
      if (span.end == text_.size()) return span;
    return {text_.size(), 0, 0};
  }

 private:
  static void add(std::vector<Span>& spans, const Span& span) {
    for (Span& other : spans) {
      if (other.end != span.end) continue;
      other.derivations += span.derivations;
      other.probability += span.probability;
      return;
    }
    spans.push_back(span);
  }

  const Grammar& grammar_;
  std::string_view text_;
  std::unordered_map<std::uint64_t, std::vector<Span>> known_;
};

Parse Grammar::parse(std::string_view text) const {
  const Chart::Span span = Chart(*this, text).whole(start_);
  return {span.derivations, -std::log2(span.probability)};
}

bool Grammar::parses_as_sentence(std::string_view text) const {
  Chart chart(*this, text);
  for (std::uint32_t s = 0; s < symbols_.size(); ++s)
    if (symbols_[s].sentence && chart.whole(s).derivations > 0) return true;
  return false;
}

std::vector<std::string_view> split_sentences(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == begin && blank(text[i])) {
      ++begin;
      continue;
    }
    const char before = i > begin ? text[i - 1] : ' ';
    const bool closing =  // a quote that ends speech belongs to the sentence before it
        text[i] == '"' && (before == '.' || before == '!' || before == '?');
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?' || closing;
    const bool cut = i + 1 == text.size() || blank(text[i + 1]);
    const bool speech_goes_on =  // "...?" asked Tom. / "...!" the dog barked.
        closing && before != '.' &&
        text.find_first_not_of(" \n\t\r", i + 1) != std::string_view::npos;
    if (i + 1 == text.size() || (stop && cut && !speech_goes_on)) {
      out.push_back(text.substr(begin, i + 1 - begin));
      begin = i + 1;
    }
  }
  return out;
}

}  // namespace tern::models
