// SPDX-License-Identifier: Apache-2.0

#include "models/token_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tern::models {
namespace {

constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15u;  // 2^64 over the golden ratio

std::uint64_t mix(std::uint64_t h) noexcept {
  h *= kOdd;
  return h ^ (h >> 32);
}

std::uint64_t hash_of(std::string_view text) noexcept {
  std::uint64_t h = text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data(), 8);
    h = mix(h ^ eight);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  return mix(mix(h ^ rest));
}

// At most 3/4 full.
std::size_t capacity_for(std::size_t entries) { return std::bit_ceil(entries + entries / 3 + 2); }

}  // namespace

TokenTable::TokenTable(std::span<const std::string> tokens)
    : tokens_(tokens), slots_(capacity_for(tokens.size())) {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::uint64_t full = hash_of(tokens[i]);
    const auto hash = static_cast<std::uint32_t>(full >> 32);
    std::size_t at = full & mask;
    while (slots_[at].id != kNoToken &&
           (slots_[at].hash != hash || tokens[slots_[at].id] != tokens[i]))
      at = (at + 1) & mask;
    if (slots_[at].id == kNoToken)
      slots_[at] = {hash, static_cast<TokenId>(i)};
    else if (!repeated_)
      repeated_ = static_cast<TokenId>(i);
  }
}

TokenId TokenTable::find(std::string_view token) const noexcept {
  const std::uint64_t full = hash_of(token);
  const auto hash = static_cast<std::uint32_t>(full >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = full & mask; slots_[at].id != kNoToken; at = (at + 1) & mask)
    if (slots_[at].hash == hash && tokens_[slots_[at].id] == token) return slots_[at].id;
  return kNoToken;
}

PairTable::PairTable(std::size_t pairs) : slots_(capacity_for(pairs)) {}

std::size_t PairTable::start(TokenId left, TokenId right) const noexcept {
  return mix(mix((std::uint64_t{left} << 32) | right)) & (slots_.size() - 1);
}

void PairTable::add(TokenId left, TokenId right, Merge merge) {
  std::size_t at = start(left, right);
  for (; slots_[at].left != kNoToken; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].left == left && slots_[at].right == right) return;
  slots_[at] = {left, right, merge};
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
