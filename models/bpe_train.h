// SPDX-License-Identifier: Apache-2.0
//
// Learns a byte-level BPE vocabulary from text (Sennrich et al., arXiv 1508.07909, on bytes).

#pragma once

#include <cstddef>
#include <string_view>

#include "models/tokenizer.h"

namespace tern::models {

inline constexpr std::string_view kBeginOfText = "<|begin_of_text|>";
inline constexpr std::string_view kEndOfText = "<|end_of_text|>";

// 256 byte tokens, then one token per merge in the order learned, then the two special tokens
// above. The most frequent pair goes first; among equals the one whose spelling sorts first.
// Throws std::runtime_error when `vocab` < 258 or the text has no pair left to merge.
TokenizerData learn_bpe(std::string_view text, std::size_t vocab);

}  // namespace tern::models
