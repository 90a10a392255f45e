// SPDX-License-Identifier: Apache-2.0
//
// Look-ups over a vocabulary: whole tokens, pairs of tokens, the longest token that a text begins
// with. Flat tables, since a vocabulary of 128,256 tokens and 280,147 merges is built at each
// start, mostly waiting for memory: what is done many at a time asks it for all places first.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/tokenizer_data.h"

namespace tern::models {

inline constexpr TokenId kNoToken = 0xFFFFFFFFu;

// Token by spelling.
class TokenTable {
 public:
  // `tokens` are borrowed; fewer than 2^32 - 1.
  explicit TokenTable(std::span<const std::string> tokens);

  TokenId find(std::string_view token) const noexcept;  // kNoToken: none
  // ids[i] = find(tokens[i]).
  void find(std::span<const std::string_view> tokens, std::span<TokenId> ids) const noexcept;

  // The first entry that repeats an earlier one; find() gives the earlier.
  std::optional<TokenId> repeated() const { return repeated_; }

 private:
  struct Slot {
    std::uint32_t hash;
    TokenId id = kNoToken;
  };
  TokenId find(std::string_view token, std::uint64_t hash) const noexcept;

  std::span<const std::string> tokens_;
  std::vector<Slot> slots_;  // a power of two
  std::optional<TokenId> repeated_;
};

// What joins with what: the lower the rank, the earlier.
struct Merge {
  std::uint32_t rank;
  TokenId result;
};
inline constexpr Merge kNoMerge = {0xFFFFFFFFu, kNoToken};

class PairTable {
 public:
  explicit PairTable(std::size_t pairs);  // most that will be added

  struct Pair {
    TokenId left = kNoToken, right = kNoToken;
    Merge merge = kNoMerge;
  };
  void add(std::span<const Pair> pairs);  // of equal ones the first stays
  Merge find(TokenId left, TokenId right) const noexcept;

 private:
  std::size_t start(TokenId left, TokenId right) const noexcept;

  std::vector<Pair> slots_;  // a power of two
};

// Finds the longest of a set of strings at the start of a text. A step per byte of the match, each
// a binary search: no set of strings makes it slow.
class PrefixMatcher {
 public:
  void add(std::string text, TokenId id);  // empty texts never match; of equal ones the first does
  void finish();                           // after the last add()

  bool empty() const { return entries_.empty(); }
  // Length and id; length 0: none. `text` is not empty.
  std::pair<std::size_t, TokenId> longest(std::string_view text) const noexcept;

 private:
  std::vector<std::pair<std::string, TokenId>> entries_;  // sorted
  std::array<bool, 256> first_{};
};

}  // namespace tern::models
