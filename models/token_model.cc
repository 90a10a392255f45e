// SPDX-License-Identifier: Apache-2.0
//
// The table of kinds.

#include "models/token_model.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tern::models {
namespace {

constexpr std::array kKinds = {
    TokenizerKind{"gpt2", "byte-level BPE of GPT-2 and LLaMA-3", make_byte_level},
    TokenizerKind{"llama", "SentencePiece BPE of LLaMA-2", make_sentencepiece},
};

}  // namespace

std::span<const TokenizerKind> tokenizer_kinds() noexcept { return kKinds; }

const TokenizerKind& find_tokenizer_kind(std::string_view name) {
  std::string names;
  for (const TokenizerKind& kind : kKinds) {
    if (kind.name == name) return kind;
    names +=
        (names.empty() ? "" : ", ") + std::string(kind.name) + " (" + std::string(kind.what) + ")";
  }
  fail_tokenizer("model is '" + std::string(name) + "', this program knows " + names);
}

PairTable read_merges(const TokenizerData& data, const TokenTable& table) {
  if (data.merges.size() >= kNoMerge.rank) fail_tokenizer("merges has more than 2^32 entries");
  const auto fail = [](std::size_t rank, const char* what) {
    fail_tokenizer("merges: entry " + std::to_string(rank) + what);
  };
  PairTable pairs(data.merges.size());
  // Some at a time, for tables that are asked many things at once.
  constexpr std::size_t kMost = 64;
  std::array<std::string, kMost> joined;
  std::array<std::string_view, 3 * kMost> spelled;  // left, right, joined
  std::array<TokenId, 3 * kMost> ids;
  std::array<PairTable::Pair, kMost> found;
  for (std::size_t begin = 0; begin < data.merges.size();) {
    const std::size_t most = std::min(kMost, data.merges.size() - begin);
    std::size_t n = 0;  // of them are two tokens and a blank
    for (; n < most; ++n) {
      const std::string_view merge = data.merges[begin + n];
      const std::size_t blank = merge.find(' ');
      if (blank == 0 || blank == merge.npos || blank + 1 == merge.size() ||
          merge.find(' ', blank + 1) != merge.npos)
        break;
      const std::string_view left = merge.substr(0, blank), right = merge.substr(blank + 1);
      spelled[3 * n] = left;
      spelled[3 * n + 1] = right;
      spelled[3 * n + 2] = joined[n].assign(left).append(right);
    }
    table.find(std::span(spelled).first(3 * n), ids);
    for (std::size_t i = 0; i < n; ++i) {
      const TokenId* const id = &ids[3 * i];
      if (id[0] == kNoToken || id[1] == kNoToken || id[2] == kNoToken)
        fail(begin + i, " names what is no token");
      found[i] = {id[0], id[1], {static_cast<std::uint32_t>(begin + i), id[2]}};
    }
    if (n < most) fail(begin + n, " is not two tokens and a blank");
    pairs.add(std::span(found).first(n));
    begin += n;
  }
  return pairs;
}

void fail_tokenizer(const std::string& what) { throw std::runtime_error("tokenizer.ggml." + what); }

}  // namespace tern::models
