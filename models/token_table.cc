// SPDX-License-Identifier: Apache-2.0

#include "models/token_table.h"

#define XXH_INLINE_ALL  // a call would take longer than the hash of a token
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>

namespace tern::models {
namespace {

// So many places are asked for at a time: fewer wait for each other, more push each other out of
// the cache.
constexpr std::size_t kAhead = 64;

std::uint64_t hash_of(std::string_view text) noexcept {
  return XXH3_64bits(text.data(), text.size());
}
// The half that does not say where a token is looked for first.
std::uint32_t rest_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash >> 32);
}

// At most 3/4 full.
std::size_t capacity_for(std::size_t entries) { return std::bit_ceil(entries + entries / 3 + 2); }

}  // namespace

TokenTable::TokenTable(std::span<const std::string> tokens)
    : tokens_(tokens), slots_(capacity_for(tokens.size())) {
  const std::size_t mask = slots_.size() - 1;
  std::array<std::uint64_t, kAhead> hashes;
  for (std::size_t begin = 0; begin < tokens.size(); begin += kAhead) {
    const std::size_t n = std::min(kAhead, tokens.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      hashes[i] = hash_of(tokens[begin + i]);
      __builtin_prefetch(&slots_[hashes[i] & mask], 1);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t rest = rest_of(hashes[i]);
      const auto id = static_cast<TokenId>(begin + i);
      std::size_t at = hashes[i] & mask;
      while (slots_[at].id != kNoToken &&
             (slots_[at].hash != rest || tokens[slots_[at].id] != tokens[id]))
        at = (at + 1) & mask;
      if (slots_[at].id == kNoToken)
        slots_[at] = {rest, id};
      else if (!repeated_)
        repeated_ = id;
    }
  }
}

TokenId TokenTable::find(std::string_view token, std::uint64_t hash) const noexcept {
  const std::uint32_t rest = rest_of(hash);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].id != kNoToken; at = (at + 1) & mask)
    if (slots_[at].hash == rest && tokens_[slots_[at].id] == token) return slots_[at].id;
  return kNoToken;
}

TokenId TokenTable::find(std::string_view token) const noexcept {
  return find(token, hash_of(token));
}

void TokenTable::find(std::span<const std::string_view> tokens,
                      std::span<TokenId> ids) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::array<std::uint64_t, kAhead> hashes;
  for (std::size_t begin = 0; begin < tokens.size(); begin += kAhead) {
    const std::size_t n = std::min(kAhead, tokens.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      hashes[i] = hash_of(tokens[begin + i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < n; ++i)  // the spelling that it will be held against, most likely
      if (const Slot& slot = slots_[hashes[i] & mask]; slot.id != kNoToken)
        __builtin_prefetch(&tokens_[slot.id]);
    for (std::size_t i = 0; i < n; ++i) ids[begin + i] = find(tokens[begin + i], hashes[i]);
  }
}

PairTable::PairTable(std::size_t pairs) : slots_(capacity_for(pairs)) {}

std::size_t PairTable::start(TokenId left, TokenId right) const noexcept {
  std::uint64_t hash = (std::uint64_t{left} << 32) | right;
  for (int round = 0; round < 2; ++round) {
    hash *= 0x9E3779B97F4A7C15u;  // 2^64 over the golden ratio
    hash ^= hash >> 32;
  }
  return hash & (slots_.size() - 1);
}

void PairTable::add(std::span<const Pair> pairs) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t begin = 0; begin < pairs.size(); begin += kAhead) {
    const auto part = pairs.subspan(begin, std::min(kAhead, pairs.size() - begin));
    for (const Pair& pair : part) __builtin_prefetch(&slots_[start(pair.left, pair.right)], 1);
    for (const Pair& pair : part) {
      std::size_t at = start(pair.left, pair.right);
      while (slots_[at].left != kNoToken &&
             (slots_[at].left != pair.left || slots_[at].right != pair.right))
        at = (at + 1) & mask;
      if (slots_[at].left == kNoToken) slots_[at] = pair;
    }
  }
}

Merge PairTable::find(TokenId left, TokenId right) const noexcept {
  for (std::size_t at = start(left, right); slots_[at].left != kNoToken;
       at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].left == left && slots_[at].right == right) return slots_[at].merge;
  return kNoMerge;
}

void PrefixMatcher::add(std::string text, TokenId id) {
  if (text.empty()) return;
  first_[static_cast<unsigned char>(text[0])] = true;
  entries_.emplace_back(std::move(text), id);
}

void PrefixMatcher::finish() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  entries_.erase(std::unique(entries_.begin(), entries_.end(),
                             [](const auto& a, const auto& b) { return a.first == b.first; }),
                 entries_.end());
}

std::pair<std::size_t, TokenId> PrefixMatcher::longest(std::string_view text) const noexcept {
  std::pair<std::size_t, TokenId> best = {0, kNoToken};
  if (!first_[static_cast<unsigned char>(text[0])]) return best;
  auto low = entries_.begin(), high = entries_.end();
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto wanted = static_cast<unsigned char>(text[n]);
    const auto byte = [n](const auto& entry) {  // of those that end here: below all others
      return entry.first.size() > n ? int{static_cast<unsigned char>(entry.first[n])} : -1;
    };
    low = std::partition_point(low, high, [&](const auto& e) { return byte(e) < wanted; });
    high = std::partition_point(low, high, [&](const auto& e) { return byte(e) <= wanted; });
    if (low == high) break;
    if (low->first.size() == n + 1) best = {n + 1, low->second};
  }
  return best;
}

}  // namespace tern::models
