// SPDX-License-Identifier: Apache-2.0
//
// State space: the reference implementation's tiny models (shared/golden/README.md) in every kind
// of file that has them: its logits, its hidden states, its greedy tokens and its perplexity, by
// the reference path and by the fast path with each instruction set of the host, 1 and 2 threads.
// Parameters: the models and their files, isa.h.

#include "tests/models/golden.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/reference.h"
#include "models/safetensors.h"
#include "models/transformer.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

using nlohmann::json;

// The float32 tensor `name` of a safetensors file.
std::vector<float> tensor(const std::filesystem::path& path, const std::string& name) {
  const MappedFile file = map_file(path);
  const Safetensors parsed = Safetensors::parse(file.bytes, path);
  const SafeTensor* t = parsed.find(name);
  REQUIRE(t != nullptr);
  REQUIRE(t->dtype == "F32");
  std::vector<float> values(t->elements());
  std::memcpy(values.data(), t->data.data(), t->data.size());
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

struct GoldenModel {
  const char* folder;
  std::vector<const char*> files;  // "": the folder itself, as a Hugging Face directory
  Tolerance tolerance;
};
constexpr Tolerance kFloat{1e-5, 1e-5, 1e-5}, kQuantised{1e-5, 3e-2, 5e-3};
const GoldenModel kModels[] = {
    {"bitnet-packed", {"", "model-tq1_0.gguf", "model-tq2_0.gguf"}, kQuantised},
    {"bitnet-online", {""}, kQuantised},
    {"llama-bitlinear", {""}, kQuantised},
    {"llama-f16", {"", "model-f16.gguf"}, kFloat},
};

std::unique_ptr<const Model> load(const std::filesystem::path& folder, const std::string& file) {
  return load_checkpoint(file.empty() ? folder : folder / file);
}

TEST_CASE("the reference path gives the reference's logits tokens and perplexity",
          "[models][golden]") {
  const GoldenModel& golden_model = GENERATE(from_range(std::begin(kModels), std::end(kModels)));
  const auto folder = golden(golden_model.folder);
  if (!folder) return;
  for (const std::string file : golden_model.files) {
    INFO(golden_model.folder << " " << file);
    const auto model = load(*folder, file);
    Reference reference(*model);
    check_decoder(reference, *folder, model->config.vocab, golden_model.tolerance);
  }
}

TEST_CASE("the fast path gives the reference's logits tokens and perplexity", "[models][golden]") {
  const GoldenModel& golden_model = GENERATE(from_range(std::begin(kModels), std::end(kModels)));
  const auto folder = golden(golden_model.folder);
  if (!folder) return;
  for (const std::string file : golden_model.files) {
    const auto model = load(*folder, file);
    std::size_t isas = 0;
    for (const kernels::Isa isa : kernels::all_isas()) {
      if (!kernels::host_has(isa)) continue;
      ++isas;
      for (const unsigned threads : {1u, 2u}) {
        INFO(golden_model.folder << " " << file << " " << kernels::isa_name(isa) << " " << threads);
        kernels::ThreadPool pool(threads);
        CpuEngine engine(isa, pool);
        Transformer fast(*model, engine, {.pool = &pool, .isa = isa});
        check_decoder(fast, *folder, model->config.vocab, golden_model.tolerance);
      }
    }
    CHECK(isas > 0);
  }
}

TEST_CASE("hidden states are those of the reference", "[models][golden]") {
  const GoldenModel& golden_model = GENERATE(from_range(std::begin(kModels), std::end(kModels)));
  const auto folder = golden(golden_model.folder);
  if (!folder) return;
  const json expected = read_json(*folder / "expected.json")["cases"][1];
  const auto prompt = expected["prompt"].get<std::vector<TokenId>>();
  const bool safe = expected.value("smallest_distance_from_a_rounding_tie", 1.0) >= 1e-4;
  for (const std::string file : golden_model.files) {
    const auto model = load(*folder, file);
    const std::size_t dim = model->config.dim, layers = model->config.layers;
    Reference reference(*model);
    std::vector<std::vector<float>> states(layers + 1);  // [layer][prompt, dim]
    for (const TokenId id : prompt) {
      reference.forward(std::span(&id, 1));
      REQUIRE(reference.hidden_states().size() == layers + 1);
      for (std::size_t l = 0; l <= layers; ++l)
        for (const double v : reference.hidden_states()[l])
          states[l].push_back(static_cast<float>(v));
    }
    for (std::size_t l = 0; l <= layers; ++l) {
      INFO(golden_model.folder << " " << file << " layer " << l);
      const auto golden_state =
          tensor(*folder / "expected.safetensors", "hidden.1." + std::to_string(l));
      REQUIRE(golden_state.size() == prompt.size() * dim);
      const auto [least, most] = std::minmax_element(golden_state.begin(), golden_state.end());
      const Tolerance& tolerance = golden_model.tolerance;
      CHECK(largest_difference(states[l], golden_state) <=
            (safe ? tolerance.safe : tolerance.near_tie) * static_cast<double>(*most - *least));
    }
  }
}

}  // namespace
}  // namespace tern::models
