// SPDX-License-Identifier: Apache-2.0
//
// State space: the reference implementation's tiny models as GGUF (shared/golden/README.md): its
// logits, its greedy tokens and its perplexity, by the reference path and by the fast path.
// Parameters: the files.

#include "tests/models/golden.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/reference.h"
#include "models/transformer.h"
#include "tests/models/temp_folder.h"

namespace tern::models {
namespace {

using nlohmann::json;

// The float32 tensor `name` of a safetensors file.
std::vector<float> tensor(const std::filesystem::path& path, const std::string& name) {
  const std::string bytes = read_file(path);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const json info = json::parse(bytes.substr(8, header)).at(name);
  const auto begin = info["data_offsets"][0].get<std::size_t>();
  const auto end = info["data_offsets"][1].get<std::size_t>();
  std::vector<float> values((end - begin) / 4);
  std::memcpy(values.data(), bytes.data() + 8 + header + begin, end - begin);
  return values;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return most;
}

TokenId best(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<TokenId> greedy(Decoder& decoder, const std::vector<TokenId>& prompt, std::size_t n) {
  decoder.reset();
  std::vector<TokenId> ids = {best(decoder.forward(prompt))};
  while (ids.size() < n) ids.push_back(best(decoder.forward(std::span(ids).last(1))));
  return ids;
}

double mean_nll(Decoder& decoder, const std::vector<TokenId>& ids, std::size_t vocab) {
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

void check_decoder(Decoder& decoder, const std::filesystem::path& folder, std::size_t vocab,
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

TEST_CASE("float weights give the reference's logits tokens and perplexity", "[models][golden]") {
  const auto folder = golden("llama-f16");
  if (!folder) return;
  const auto model = load_checkpoint(*folder / "model-f16.gguf");
  Reference reference(*model);
  check_decoder(reference, *folder, model->config.vocab, {1e-5, 1e-5, 1e-5});
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  Transformer fast(*model, engine, {.pool = &pool});
  check_decoder(fast, *folder, model->config.vocab, {1e-5, 1e-5, 1e-5});
}

TEST_CASE("packed ternary weights give the reference's logits tokens and perplexity",
          "[models][golden]") {
  const std::string file = GENERATE("model-tq1_0.gguf", "model-tq2_0.gguf");
  const auto folder = golden("bitnet-packed");
  if (!folder) return;
  const auto model = load_checkpoint(*folder / file);
  Reference reference(*model);
  check_decoder(reference, *folder, model->config.vocab, {1e-5, 3e-2, 5e-3});
  kernels::ThreadPool pool(2);
  CpuEngine engine(kernels::selected_isa(), pool);
  Transformer fast(*model, engine, {.pool = &pool});
  check_decoder(fast, *folder, model->config.vocab, {1e-5, 3e-2, 5e-3});
}

}  // namespace
}  // namespace tern::models
