// SPDX-License-Identifier: Apache-2.0

#include "experiments/sampler_options.h"

#include "experiments/number_option.h"

namespace tern::experiments {

void add_sampler_options(CLI::App& command, models::SamplerOptions& s) {
  command.add_option("--temperature", s.temperature, "0: always the likeliest token")
      ->check(at_least(0.0))
      ->capture_default_str();
  command.add_option("--top-k", s.top_k, "Sample among the k likeliest; 0: all")
      ->capture_default_str();
  command
      .add_option("--top-p", s.top_p,
                  "Then among the likeliest that sum to p; 1: all, 0: the likeliest alone")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option(
          "--min-p", s.min_p,
          "Then among those at least p times as probable as the likeliest, 0: all; these three "
          "cut before the temperature is applied")
      ->check(between(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--repeat-penalty", s.repeat_penalty,
                  "Of tokens seen before: a logit above 0 is divided by it, others are multiplied")
      ->check(between(0.01, 100.0))
      ->capture_default_str();
  command
      .add_option("--repeat-last", s.repeat_last,
                  "So many tokens back; 0: none, -1: all (as llama.cpp's --repeat-last-n)")
      ->check(at_least<std::int64_t>(-1))
      ->capture_default_str();
  command.add_option("--seed", s.seed, "Of sampling")->capture_default_str();
}

nlohmann::ordered_json to_json(const models::SamplerOptions& s) {
  return {{"temperature", s.temperature},
          {"top_k", s.temperature > 0 ? s.top_k : 1},
          {"top_p", s.top_p},
          {"min_p", s.min_p},
          {"repeat_penalty", s.repeat_penalty},
          {"repeat_last", s.repeat_last},
          {"banned", s.banned}};
}

}  // namespace tern::experiments
