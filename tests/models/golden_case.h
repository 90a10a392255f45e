// SPDX-License-Identifier: Apache-2.0
//
// A decoder held against the reference implementation's outputs (shared/golden/README.md).

#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "models/decoder.h"
#include "models/safetensors.h"
#include "models/whole_file.h"
#include "tests/models/golden.h"

namespace tern::models {

using nlohmann::json;

// The float32 tensor `name` of a safetensors file.
inline std::vector<float> tensor(const std::filesystem::path& path, const std::string& name) {
  const MappedFile file = map_file(path);
  const Safetensors parsed = Safetensors::parse(file.bytes, path);
  const SafeTensor* t = parsed.find(name);
  REQUIRE(t != nullptr);
  REQUIRE(t->dtype == "F32");
  std::vector<float> values(t->elements());
  std::memcpy(values.data(), t->data.data(), t->data.size());
  return values;
}

inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

inline TokenId best(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

inline std::vector<TokenId> greedy(Decoder& decoder, const std::vector<TokenId>& prompt,
                                   std::size_t n) {
  decoder.reset();
  std::vector<TokenId> ids = {best(decoder.forward(prompt))};
  while (ids.size() < n) ids.push_back(best(decoder.forward(std::span(ids).last(1))));
  return ids;
}

inline double mean_nll(Decoder& decoder, const std::vector<TokenId>& ids, std::size_t vocab) {
  decoder.reset();
  std::vector<float> logits(ids.size() * vocab);
  decoder.forward_all(ids, logits.data());
  double sum = 0;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const float* row = logits.data() + (i - 1) * vocab;
    double z = 0;
    for (std::size_t v = 0; v < vocab; ++v) z += std::exp(static_cast<double>(row[v]));
    sum += std::log(z) - static_cast<double>(row[ids[i]]);
  }
  return sum / static_cast<double>(ids.size() - 1);
}

// Tolerances over the logit range: of cases whose distance from a rounding tie is known to be
// safe (and of float models), and of the others.
struct Tolerance {
  double safe, near_tie, nll;
};

inline void check_decoder(Decoder& decoder, const std::filesystem::path& folder, std::size_t vocab,
                          const Tolerance& tolerance) {
  const json expected = read_json(folder / "expected.json");
  REQUIRE(expected["cases"].size() >= 4);
  for (std::size_t i = 0; i < expected["cases"].size(); ++i) {
    const json& c = expected["cases"][i];
    const auto prompt = c["prompt"].get<std::vector<TokenId>>();
    const double range = c["logit_range"];
    const bool safe = c.value("smallest_distance_from_a_rounding_tie", 1.0) >= 1e-4;
    std::vector<float> logits(prompt.size() * vocab);
    decoder.reset();
    decoder.forward_all(prompt, logits.data());
    const double difference = largest_difference(
        logits, tensor(folder / "expected.safetensors", "logits." + std::to_string(i)));
    INFO(folder << " case " << i << ": " << difference / range << " of the range");
    CHECK(difference <= (safe ? tolerance.safe : tolerance.near_tie) * range);
    const auto tokens = c["greedy"].get<std::vector<TokenId>>();
    CHECK(greedy(decoder, prompt, tokens.size()) == tokens);
  }
  const json& perplexity = expected["perplexity"];
  const double nll = mean_nll(decoder, perplexity["ids"].get<std::vector<TokenId>>(), vocab);
  CHECK(std::fabs(nll - perplexity["mean_nll"].get<double>()) <= tolerance.nll);
}

inline constexpr Tolerance kFloat{1e-5, 1e-5, 1e-5}, kQuantised{1e-5, 3e-2, 5e-3};

}  // namespace tern::models
