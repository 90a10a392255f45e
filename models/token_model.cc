// SPDX-License-Identifier: Apache-2.0
//
// The table of kinds.

#include "models/token_model.h"

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

void each_merge(const TokenizerData& data, const TokenTable& table,
                const std::function<void(std::uint32_t, TokenId, TokenId, TokenId)>& visit) {
  if (data.merges.size() >= kNoMerge.rank) fail_tokenizer("merges has more than 2^32 entries");
  std::string joined;
  for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
    const std::string_view merge = data.merges[rank];
    const std::size_t blank = merge.find(' ');
    if (blank == 0 || blank == merge.npos || blank + 1 == merge.size() ||
        merge.find(' ', blank + 1) != merge.npos)
      fail_tokenizer("merges: entry " + std::to_string(rank) + " is not two tokens and a blank");
    const std::string_view left = merge.substr(0, blank), right = merge.substr(blank + 1);
    joined.assign(left).append(right);
    const TokenId l = table.find(left), r = table.find(right), j = table.find(joined);
    if (l == kNoToken || r == kNoToken || j == kNoToken)
      fail_tokenizer("merges: entry " + std::to_string(rank) + " names what is no token");
    visit(static_cast<std::uint32_t>(rank), l, r, j);
  }
}

void fail_tokenizer(const std::string& what) { throw std::runtime_error("tokenizer.ggml." + what); }

}  // namespace tern::models
