// SPDX-License-Identifier: Apache-2.0
//
// A probabilistic context-free grammar: text that can be sampled from a seed, whose entropy is
// known exactly, and against which generated text is parsed. The training corpus comes from it,
// so that a model's loss has a bound to be held against.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tern::models {

struct Sample {
  std::string text;
  double bits;                         // -log2 of the probability of its derivation
  std::vector<std::size_t> sentences;  // offsets at which sentence symbols begin, ascending
};

struct Parse {
  double derivations;  // how many derivations the text has: 0 where it does not parse
  double bits;         // -log2 of their total probability
};

class Grammar {
 public:
  // Parses the notation described in stories.h. Throws std::runtime_error naming `where`, the
  // line and the fault; also for a grammar whose texts are endless, or endless in expectation.
  Grammar(std::string_view source, const std::string& where);

  // The grammar of short English stories that the embedded checkpoints were trained on.
  static const Grammar& stories();

  Sample sample(std::mt19937_64& rng) const;

  // Of one text drawn from the start symbol, exactly: the entropy of its derivation in bits and
  // its expected length in bytes. The derivation's entropy is the text's where no text has two
  // derivations; parse() tells for a given text, and the tests do for a sample.
  double entropy_bits() const { return entropy_bits_; }
  double expected_bytes() const { return expected_bytes_; }

  Parse parse(std::string_view text) const;              // as the start symbol
  bool parses_as_sentence(std::string_view text) const;  // as any sentence symbol

  std::size_t symbols() const { return symbols_.size(); }
  std::size_t productions() const;

 private:
  friend class GrammarBuilder;

  struct Item {
    bool terminal;
    std::uint32_t index;  // into texts_ or symbols_
  };
  struct Production {
    double probability;
    std::vector<Item> items;
  };
  struct Symbol {
    std::string name;
    bool sentence;
    std::vector<Production> productions;
  };
  class Chart;

  void solve();

  std::vector<std::string> texts_;
  std::vector<Symbol> symbols_;
  std::uint32_t start_ = 0;
  double entropy_bits_ = 0, expected_bytes_ = 0;
};

// Cuts text after each '.', '!' or '?' that a blank or the end follows; blanks between are dropped.
std::vector<std::string_view> split_sentences(std::string_view text);

}  // namespace tern::models
