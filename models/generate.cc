// SPDX-License-Identifier: Apache-2.0

#include "models/generate.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "kernels/check.h"

namespace tern::models {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

std::string_view stop_name(Stop stop) noexcept {
  constexpr std::string_view kNames[] = {"length", "eos", "context", "interrupted", "string"};
  return kNames[static_cast<std::size_t>(stop)];
}

std::optional<std::span<const TokenId>> append_but_last(Decoder& decoder,
                                                        std::span<const TokenId> tokens,
                                                        const std::function<bool()>& go_on) {
  for (; tokens.size() > kPromptPart; tokens = tokens.subspan(kPromptPart)) {
    if (go_on && !go_on()) return std::nullopt;
    decoder.append(tokens.first(kPromptPart));
  }
  return tokens;
}

namespace {

void generate(Decoder& decoder, std::span<const TokenId> prompt, const GenerateOptions& options,
              const std::function<bool(TokenId)>& sampled, Generation& g) {
  if (prompt.empty()) throw std::runtime_error("the prompt is empty");
  if (prompt.size() > decoder.context())
    throw std::runtime_error("the prompt has " + std::to_string(prompt.size()) +
                             " tokens, the model's context holds " +
                             std::to_string(decoder.context()));
  TERN_CHECK(decoder.position() < prompt.size(), "a prompt that the decoder holds already");
  Sampler sampler(options.sampler);
  sampler.saw(prompt);
  const std::size_t held = decoder.position();
  auto begin = Clock::now();
  const auto last = append_but_last(decoder, prompt.subspan(held), options.go_on);
  if (!last) {
    g.stop = Stop::kCaller;
    g.prefill_tokens = decoder.position() - held;
    g.prefill_s = since(begin);
    return;
  }
  LogitList logits = decoder.forward_top(*last, sampler.wanted());
  g.prefill_tokens = prompt.size() - held;
  g.prefill_s = since(begin);

  // Time spent in `sampled`, which may write to a slow terminal, is nobody's.
  while (g.tokens.size() < options.max_tokens) {
    begin = Clock::now();
    const TokenId id = sampler.pick(logits);
    g.decode_s += since(begin);
    if (std::find(options.stops.begin(), options.stops.end(), id) != options.stops.end()) {
      g.stop = Stop::kEos;
      break;
    }
    g.tokens.push_back(id);
    if (!sampled(id)) {
      g.stop = Stop::kCaller;
      break;
    }
    if (g.tokens.size() == options.max_tokens) break;
    if (decoder.position() == decoder.context()) {
      g.stop = Stop::kContext;
      break;
    }
    begin = Clock::now();
    sampler.saw(std::span(&id, 1));
    logits = decoder.forward_top(std::span(&id, 1), sampler.wanted());
    ++g.decode_steps;
    g.decode_s += since(begin);
  }
}

}  // namespace

Generation generate(Decoder& decoder, std::span<const TokenId> prompt,
                    const GenerateOptions& options, const std::function<bool(TokenId)>& sampled) {
  Generation g;
  const auto begin = Clock::now();
  const std::size_t held = decoder.position();
  try {
    generate(decoder, prompt, options, sampled, g);
  } catch (const Interrupted&) {
    g.stop = Stop::kCaller;
    if (g.prefill_tokens == 0) {
      g.prefill_tokens = decoder.position() - held;
      g.prefill_s = since(begin);
    }
  }
  return g;
}

}  // namespace tern::models
