// SPDX-License-Identifier: Apache-2.0
//
// The merge loop of byte-pair encoding (Sennrich et al., arXiv 1508.07909): the pair of best rank
// is joined, the leftmost among equals, until none is left. A linked list of symbols and a heap of
// candidates: n log n for a piece of any length.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/token_table.h"

namespace tern::models {

inline constexpr std::uint32_t kNoSymbol = 0xFFFFFFFFu;

struct Symbol {
  std::uint32_t at, size;  // its bytes within the piece; size 0: joined with the one before
  TokenId id;              // kNoToken: a character without a token
  std::uint32_t previous = kNoSymbol, next = kNoSymbol;
};

class BpeLoop {
 public:
  void clear() { symbols_.clear(); }
  // Symbols must be added in the order of the text; fewer than 2^32 - 1 bytes in all.
  void add(std::uint32_t at, std::uint32_t size, TokenId id) {
    const auto index = static_cast<std::uint32_t>(symbols_.size());
    symbols_.push_back({at, size, id});
    if (index == 0) return;
    symbols_[index].previous = index - 1;
    symbols_[index - 1].next = index;
  }

  // merge_of(left, right) -> Merge, kNoMerge for a pair that does not join.
  template <typename MergeOf>
  void run(MergeOf&& merge_of) {
    heap_.clear();
    const auto consider = [&](std::uint32_t at) {
      if (at == kNoSymbol || symbols_[at].next == kNoSymbol) return;
      const Symbol &left = symbols_[at], &right = symbols_[left.next];
      const Merge merge = merge_of(left, right);
      if (merge.result != kNoToken)
        heap_.push_back({merge.rank, at, left.size + right.size, merge.result});
    };
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) consider(i);
    std::make_heap(heap_.begin(), heap_.end(), later);
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const Candidate top = heap_.back();
      heap_.pop_back();
      Symbol& left = symbols_[top.at];
      // Symbols only grow: of a candidate that no longer holds, the sizes have changed.
      if (left.size == 0 || left.next == kNoSymbol) continue;
      Symbol& right = symbols_[left.next];
      if (left.size + right.size != top.size) continue;
      left.size = top.size;
      left.id = top.result;
      right.size = 0;
      left.next = right.next;
      if (right.next != kNoSymbol) symbols_[right.next].previous = top.at;
      for (const std::uint32_t at : {left.previous, top.at}) {
        const std::size_t before = heap_.size();
        consider(at);
        if (heap_.size() != before) std::push_heap(heap_.begin(), heap_.end(), later);
      }
    }
  }

  template <typename Visit>
  void each(Visit&& visit) const {
    for (std::uint32_t at = symbols_.empty() ? kNoSymbol : 0; at != kNoSymbol;
         at = symbols_[at].next)
      visit(symbols_[at]);
  }

 private:
  struct Candidate {
    std::uint32_t rank, at, size;
    TokenId result;
  };
  static bool later(const Candidate& a, const Candidate& b) {
    return std::pair(a.rank, a.at) > std::pair(b.rank, b.at);
  }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
};

// The ids of words met before. Keys are views: the text must outlive them.
class WordCache {
 public:
  void clear() {
    words_.clear();
    pool_.clear();
  }

  // Appends the ids of `word`: known ones, or what encode(word, ids) appends.
  template <typename Encode>
  void append(std::string_view word, std::vector<TokenId>& ids, Encode&& encode) {
    if (word.size() > kLongestWord) return encode(word, ids);
    if (words_.size() >= kMostWords) clear();
    const auto [found, is_new] = words_.try_emplace(word);
    if (is_new) {
      const std::size_t begin = pool_.size();
      encode(word, pool_);
      found->second = {begin, pool_.size() - begin};
    }
    const auto begin = pool_.begin() + static_cast<std::ptrdiff_t>(found->second.first);
    ids.insert(ids.end(), begin, begin + static_cast<std::ptrdiff_t>(found->second.second));
  }

 private:
  static constexpr std::size_t kLongestWord = 64, kMostWords = 1 << 16;
  std::unordered_map<std::string_view, std::pair<std::size_t, std::size_t>> words_;
  std::vector<TokenId> pool_;
};

}  // namespace tern::models
