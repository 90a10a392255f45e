// SPDX-License-Identifier: Apache-2.0
//
// The loop that continues a prompt token by token, with prefill and decode timed apart.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "models/decoder.h"
#include "models/sampler.h"

namespace tern::models {

// Tokens that are read between two questions whether to go on: a batch of the transformer.
inline constexpr std::size_t kPromptPart = 512;

// Appends `tokens` part by part until one is left, of kPromptPart tokens at most, and returns it:
// what to do with its logits is the caller's. Asks `go_on` before each part, if it is not empty;
// nothing where it said no.
std::optional<std::span<const TokenId>> append_but_last(Decoder& decoder,
                                                        std::span<const TokenId> tokens,
                                                        const std::function<bool()>& go_on);

struct GenerateOptions {
  std::size_t max_tokens = 128;
  std::vector<TokenId> stops = {};  // each ends the text when sampled
  SamplerOptions sampler = {};
  // Asked every kPromptPart tokens of a prompt; false ends it all. May be empty.
  std::function<bool()> go_on = {};
};

enum class Stop : std::uint8_t { kLength, kEos, kContext, kCaller, kString };
// "length", "eos", "context", "interrupted", "string"
std::string_view stop_name(Stop stop) noexcept;

struct Generation {
  std::vector<TokenId> tokens;  // without the prompt and without what ended it
  Stop stop = Stop::kLength;
  std::size_t prefill_tokens = 0;  // of the prompt, that the decoder did not hold
  double prefill_s = 0;
  std::size_t decode_steps = 0;  // forward passes of one token
  double decode_s = 0;           // those passes and all sampling
};

// Continues `prompt`. The decoder holds its first position() tokens already, and not all of it.
// `sampled` is called after each token, first after prefill, and ends generation by returning false
// (kCaller; a caller that looked for a string says kString itself). The last token, or what ended
// the text, is not fed to the decoder.
// Throws std::runtime_error when the prompt is empty or longer than the context.
Generation generate(Decoder& decoder, std::span<const TokenId> prompt,
                    const GenerateOptions& options, const std::function<bool(TokenId)>& sampled);

}  // namespace tern::models
