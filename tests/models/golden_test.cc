// SPDX-License-Identifier: Apache-2.0
//
// State space: the reference implementation's tiny models (shared/golden/README.md) in every kind
// of file that has them: its logits, its hidden states, its greedy tokens and its perplexity, by
// the reference path and by the fast path with each instruction set of the host, 1 and 2 threads.
// Parameters: the models and their files, isa.h.

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
#include "tests/models/golden_case.h"

namespace tern::models {
namespace {

struct GoldenModel {
  const char* folder;
  std::vector<const char*> files;  // "": the folder itself, as a Hugging Face directory
  Tolerance tolerance;
};
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
