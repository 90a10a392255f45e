// SPDX-License-Identifier: Apache-2.0
//
// A byte-level BPE tokenizer of LLaMA-3's kind and size without LLaMA-3's vocabulary: merges
// learned from the stories, then made-up words, so that loading and tokenizing take what they take
// with the real one.

#pragma once

#include <cstddef>
#include <cstdint>

#include "models/tokenizer.h"

namespace tern::models {

// `vocab` tokens: 256 bytes, merged tokens, then the special ones in LLaMA-3's order (256 of them,
// so that with 128256 tokens they have LLaMA-3's ids; 16 below 4096 tokens). The merges name every
// way to make a token of two others, up to 2.193 per token: the released GGUF has 280147 for
// 127744 (shared/reference/formats.md 6.7). Throws std::runtime_error where vocab < 512.
TokenizerData synth_tokenizer(std::size_t vocab, std::uint64_t seed);

// The special token of that name's distance from the first ("<|begin_of_text|>").
inline constexpr std::size_t kEndOfTextOffset = 1, kEndOfTurnOffset = 9;

std::size_t synth_specials(std::size_t vocab) noexcept;  // how many

}  // namespace tern::models
