// SPDX-License-Identifier: Apache-2.0
//
// State space: the reference implementation's tiny models (shared/golden/README.md), converted from
// each of their kinds of file to the other and back: they still meet the reference.
// Parameters: the models, formats that hold them exactly.

#include <catch2/catch.hpp>

#include "models/checkpoint.h"
#include "models/convert.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#include "tests/models/golden_case.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

const ConvertProgress kGoOn = [](std::size_t, std::size_t, const std::string&) { return true; };

struct Case {
  const char* folder;
  const char* file;  // "": the folder itself
  Tolerance tolerance;
};
const Case kCases[] = {
    {"bitnet-packed", "", kQuantised}, {"bitnet-packed", "model-tq1_0.gguf", kQuantised},
    {"bitnet-online", "", kQuantised}, {"llama-bitlinear", "", kQuantised},
    {"llama-f16", "", kFloat},         {"llama-f16", "model-f16.gguf", kFloat},
};

void check_golden(const std::string& path, const std::filesystem::path& folder,
                  const Tolerance& tolerance) {
  INFO(path);
  const auto model = load_checkpoint(path);
  kernels::ThreadPool threads(2);
  CpuEngine engine(kernels::selected_isa(), threads);
  Transformer transformer(*model, engine);
  check_decoder(transformer, folder, model->config.vocab, tolerance);
}

TEST_CASE("golden models converted in every direction meet the reference", "[models][golden]") {
  const Case& c = GENERATE(from_range(std::begin(kCases), std::end(kCases)));
  const auto folder = golden(c.folder);
  if (!folder) return;
  const TempFolder work;
  kernels::ThreadPool pool(2);
  const auto model = load_checkpoint(*c.file == '\0' ? *folder : *folder / c.file);
  const TokenizerData tokenizer = tiny_tokenizer(model->config.vocab);
  ConvertReport report;
  const bool ternary = std::holds_alternative<TernaryMatrix>(model->layers[0].attn_q);
  const std::vector<std::string> to_gguf =
      ternary ? std::vector<std::string>{"", "tq1_0", "i2_s", "f32"}
              : std::vector<std::string>{"", "f32"};
  for (const std::string& linears : to_gguf) {
    ConvertOptions o;
    if (!linears.empty()) o.linears = linears;
    // Rows of 128 weights are none of TQ's; float32 weights see activations that are not quantised.
    if ((linears == "tq1_0" && model->config.dim % 256 != 0) || (ternary && linears == "f32"))
      continue;
    REQUIRE(convert_to_gguf(*model, tokenizer, work.file("a.gguf"), o, pool, kGoOn, report));
    // A scale that float16 rounds moves every logit a little.
    Tolerance tolerance = c.tolerance;
    if (linears == "tq1_0") tolerance.safe = tolerance.near_tie;
    check_golden(work.file("a.gguf"), *folder, tolerance);
    const auto gguf = load_checkpoint(work.file("a.gguf"));
    const std::string name = "hf" + linears;
    REQUIRE(convert_to_hf(*gguf, {}, work.file(name), {}, pool, kGoOn, report));
    check_golden(work.file(name), *folder, tolerance);
  }
  const std::vector<std::string> to_hf =
      ternary ? std::vector<std::string>{"hf_u8", std::string(kMasterFormat)}
              : std::vector<std::string>{"f16", "f32"};
  for (const std::string& linears : to_hf) {
    ConvertOptions o;
    if (!linears.empty()) o.linears = linears;
    REQUIRE(convert_to_hf(*model, {}, work.file(linears), o, pool, kGoOn, report));
    check_golden(work.file(linears), *folder, c.tolerance);
  }
}

TEST_CASE("llama.cpp's own file comes out of the directory it was made of", "[models][golden]") {
  const auto folder = golden("llama-f16");
  if (!folder) return;
  const TempFolder work;
  kernels::ThreadPool pool(2);
  const auto hf = load_checkpoint(*folder);
  ConvertReport report;
  REQUIRE(convert_to_gguf(*hf, tiny_tokenizer(hf->config.vocab), work.file("a"), {}, pool, kGoOn,
                          report));
  const MappedFile ours = map_file(work.file("a")), theirs = map_file(*folder / "model-f16.gguf");
  const Gguf a = Gguf::parse(ours.bytes, "ours"), b = Gguf::parse(theirs.bytes, "theirs");
  REQUIRE(a.tensors().size() == b.tensors().size());
  for (const GgufTensor& t : b.tensors()) {
    INFO(t.name);
    const GgufTensor* found = a.find_tensor(t.name);
    REQUIRE(found != nullptr);
    CHECK(found->type == t.type);
    if (t.name == "rope_freqs.weight") continue;  // computed in float32 there
    CHECK(std::equal(t.data.begin(), t.data.end(), found->data.begin(), found->data.end()));
  }
  for (const char* key : {"llama.rope.freq_base", "llama.block_count", "general.file_type",
                          "llama.attention.layer_norm_rms_epsilon"})
    CHECK(*a.find(key) == *b.find(key));
}

}  // namespace
}  // namespace tern::models
