// SPDX-License-Identifier: Apache-2.0
//
// State space: Hugging Face directories of random models, every kind of linears in every dtype, one
// file and shards, tied and untied heads, tensors off their alignment: the same logits as the model
// that was never in a file. Every tensor made wrong in turn; files cut at every offset; damage.
// Parameters: the slot tables, HfLinears.

#include "models/hf_checkpoint.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "models/checkpoint.h"
#include "models/cpu_engine.h"
#include "models/transformer.h"
#include "models/whole_file.h"
#include "tests/models/hf_files.h"
#include "tests/models/temp_folder.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using Catch::Contains;
using nlohmann::json;

Config config_of(bool bitnet, bool tied = true) {
  Config c = tiny_config();
  c.sub_norms = bitnet;
  c.activation = bitnet ? Activation::kRelu2 : Activation::kSilu;
  c.architecture = bitnet ? "bitnet-b1.58" : "llama";
  c.tied_head = tied;
  return c;
}

void write_folder(const TempFolder& folder, const json& config, const HfTensors& tensors,
                  std::size_t pad = 0) {
  write_whole_file(folder.file("config.json"), config.dump());
  write_whole_file(folder.file("model.safetensors"), tensors.text(pad));
}

std::vector<float> logits_of(const Model& model) {
  kernels::ThreadPool pool(1);
  CpuEngine engine(kernels::selected_isa(), pool);
  const std::vector<TokenId> ids = random_tokens(5, model.config.vocab, 9);
  std::vector<float> logits(ids.size() * model.config.vocab);
  Transformer(model, engine).forward_all(ids, logits.data());
  return logits;
}

std::string folder_of(const TempFolder& folder) {
  return std::filesystem::path(folder.file("x")).parent_path();
}

TEST_CASE("a Hugging Face directory gives the logits of the model that was written", "[models]") {
  const bool bitnet = GENERATE(true, false), tied = GENERATE(true, false);
  const HfLinears linears = GENERATE(HfLinears::kFloat, HfLinears::kMasters, HfLinears::kPacked);
  const Config c = config_of(bitnet, tied);
  const MasterWeights master = random_master(c, 3);
  const TempFolder folder;
  // A model that was never in a file has norms in float32, embeddings in f16, and no other floats
  // than f16. What is written twice leaves bytes that no tensor has.
  const bool plain = linears == HfLinears::kFloat;
  HfTensors tensors = hf_tensors(master, linears, plain ? "F16" : "F32");
  tensors.floats("model.norm.weight", "F32", {c.dim}, master.output_norm);
  for (std::size_t l = 0; l < c.layers; ++l)
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        tensors.floats(hf_tensor(l, slot.name) + ".weight", "F32", {slot.size(c)},
                       master.layers[l].*slot.master);
  tensors.floats("model.embed_tokens.weight", "F16", {c.vocab, c.dim}, master.token_embd);
  if (!tied) tensors.floats("lm_head.weight", "F16", {c.vocab, c.dim}, master.output);
  const auto built = build_model(master, std::nullopt, plain ? Flavour::kF16 : Flavour::kTernary);
  write_folder(folder, hf_config_json(c, linears), tensors);
  const auto model = load_checkpoint(folder_of(folder));
  CHECK(model->config.tied_head == tied);
  CHECK_FALSE(model->tokenizer);
  CHECK(name_of(model->layers[1].ffn_down) == "blk.1.ffn_down.weight");
  CHECK(logits_of(*model) == logits_of(*built));
}

TEST_CASE("both meanings of weight_scale give one gamma", "[models]") {
  const Config c = config_of(true);
  const MasterWeights master = random_master(c, 4);
  std::vector<float> gammas[2];
  std::vector<std::vector<std::int8_t>> trits[2];
  for (const int i : {0, 1}) {
    const HfLinears linears = i == 0 ? HfLinears::kPacked : HfLinears::kPackedOver;
    const TempFolder folder;
    write_folder(folder, hf_config_json(c, linears), hf_tensors(master, linears, "F32"));
    const auto model = load_checkpoint(folder_of(folder));
    for (const Layer& layer : model->layers)
      for (const LinearSlot& slot : linear_slots()) {
        const auto& w = std::get<TernaryMatrix>(layer.*slot.linear);
        gammas[i].push_back(w.gamma);
        trits[i].emplace_back(w.rows * w.cols);
        unpack_rows(w, 0, w.rows, trits[i].back().data());
      }
  }
  CHECK(trits[0] == trits[1]);
  REQUIRE(gammas[0].size() == 14);
  for (std::size_t k = 0; k < gammas[0].size(); ++k)
    CHECK(gammas[1][k] == Approx(gammas[0][k]).epsilon(1e-6));
}

TEST_CASE("dtypes shards and alignment make no difference", "[models]") {
  Config c = config_of(false, false);
  MasterWeights master = random_master(c, 5);
  const auto round = [](std::vector<float>& w) {  // to what every dtype holds
    for (float& v : w) v = std::round(v * 64) / 64;
  };
  round(master.token_embd);
  round(master.output);
  round(master.output_norm);
  for (auto& layer : master.layers) {
    for (const LinearSlot& slot : linear_slots()) round(layer.*slot.master);
    for (const NormSlot& slot : norm_slots()) round(layer.*slot.master);
  }
  std::vector<float> first;
  for (const std::string dtype : {"F32", "F16", "BF16"})
    for (const std::size_t pad : {0u, 1u, 2u, 3u}) {
      INFO(dtype << " " << pad);
      const TempFolder folder;
      write_folder(folder, hf_config_json(c, HfLinears::kFloat),
                   hf_tensors(master, HfLinears::kFloat, dtype), pad);
      const std::vector<float> logits = logits_of(*load_checkpoint(folder_of(folder)));
      if (first.empty()) first = logits;
      CHECK(logits == first);
    }
  const HfTensors all = hf_tensors(master, HfLinears::kFloat, "F32");
  HfTensors parts[3];
  json index;
  std::size_t i = 0;
  for (const auto& [name, info] : all.header.items()) {
    if (name == "__metadata__") continue;
    const std::size_t begin = info["data_offsets"][0], end = info["data_offsets"][1];
    const std::string bytes = all.data.substr(begin, end - begin);
    parts[i % 3].add(name, info["dtype"], info["shape"], {bytes.begin(), bytes.end()});
    index["weight_map"][name] = "part-" + std::to_string(i++ % 3) + ".safetensors";
  }
  const TempFolder folder;
  write_whole_file(folder.file("config.json"), hf_config_json(c, HfLinears::kFloat).dump());
  write_whole_file(folder.file("model.safetensors.index.json"), index.dump());
  for (const int k : {0, 1})
    write_whole_file(folder.file("part-" + std::to_string(k) + ".safetensors"), parts[k].text());
  CHECK_THROWS_WITH(load_checkpoint(folder_of(folder)),
                    Contains("part-2.safetensors: cannot open"));
  parts[2].floats("model.norm.weight", "F32", {c.dim}, master.output_norm);
  const bool there = parts[0].header.contains("model.norm.weight") ||
                     parts[1].header.contains("model.norm.weight");
  write_whole_file(folder.file("part-2.safetensors"), parts[2].text());
  if (there) {
    CHECK_THROWS_WITH(load_checkpoint(folder_of(folder)),
                      Contains("is in another file of the model"));
    parts[2].header.erase("model.norm.weight");
    write_whole_file(folder.file("part-2.safetensors"), parts[2].text());
  }
  CHECK(logits_of(*load_checkpoint(folder_of(folder))) == first);
}

TEST_CASE("what a directory lacks is said with the remedy", "[models]") {
  const TempFolder folder;
  const std::string path = folder_of(folder);
  CHECK_THROWS_WITH(load_checkpoint(path), Contains(path + ": no config.json in this directory"));
  write_whole_file(folder.file("config.json"),
                   hf_config_json(config_of(true), HfLinears::kFloat).dump());
  CHECK_THROWS_WITH(load_checkpoint(path), Contains("neither model.safetensors nor"));
  for (const char* part : {"config.json", "model.safetensors"})
    CHECK_THROWS_WITH(load_checkpoint(folder.file(part)), Contains("name the directory"));
}

// The message of reading what `change` makes of a small model; "" when it is accepted.
template <typename Change>
std::string message(Change change, HfLinears linears = HfLinears::kPacked) {
  const Config c = config_of(true, false);
  HfTensors tensors = hf_tensors(random_master(c, 1), linears, "BF16");
  change(tensors);
  const TempFolder folder;
  write_folder(folder, hf_config_json(c, linears), tensors);
  try {
    load_checkpoint(folder_of(folder));
  } catch (const std::runtime_error& e) {
    const std::string text = e.what();
    CHECK(text.starts_with(folder_of(folder)));
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  return "";
}

TEST_CASE("a tensor that is missing or misshapen or of another dtype is named", "[models]") {
  const HfLinears linears = GENERATE(HfLinears::kPacked, HfLinears::kMasters);
  const Config c = config_of(true, false);
  const json header = hf_tensors(random_master(c, 1), linears, "BF16").header;
  REQUIRE(message([](HfTensors&) {}, linears).empty());
  for (const auto& [name, info] : header.items()) {
    if (name == "__metadata__") continue;
    INFO(name);
    const std::string field = "tensor " + name;
    CHECK_THAT(message([&](HfTensors& t) { t.header.erase(name); }, linears),
               Contains(field + ": the tensor is missing"));
    const bool packed = info["dtype"] == "U8";
    CHECK_THAT(
        message([&](HfTensors& t) { t.header[name]["dtype"] = packed ? "I8" : "I16"; }, linears),
        Contains(field + ": has dtype I"));
    auto shape = info["shape"].get<std::vector<std::size_t>>();
    shape.push_back(1);
    CHECK_THAT(message([&](HfTensors& t) { t.header[name]["shape"] = shape; }, linears),
               Contains(field + ": has shape ["));
  }
  CHECK_THAT(
      message([](HfTensors& t) { t.add("model.layers.0.self_attn.q_proj.bias", "U8", {1}, {0}); },
              linears),
      Contains("q_proj.bias: is no tensor of architecture bitnet-b1.58"));
  CHECK(message(
            [](HfTensors& t) {
              t.add("model.layers.0.self_attn.rotary_emb.inv_freq", "U8", {1}, {0});
            },
            linears)
            .empty());
}

TEST_CASE("values of a Hugging Face model that no weight can have are named", "[models]") {
  const std::string q = "model.layers.0.self_attn.q_proj.weight";
  const auto poke = [](const std::string& name, std::size_t at, std::vector<unsigned> bytes,
                       HfLinears linears = HfLinears::kPacked) {
    return message(
        [&](HfTensors& t) {
          const std::size_t begin = t.header[name]["data_offsets"][0];
          for (std::size_t i = 0; i < bytes.size(); ++i)
            t.data[begin + at + i] = static_cast<char>(bytes[i]);
        },
        linears);
  };
  CHECK_THAT(poke(q, 77, {0x03}),
             Contains("tensor " + q + ": weight 77 (row 0, column 77) has a code"));
  CHECK_THAT(poke(q + "_scale", 0, {0, 0}), Contains("q_proj.weight_scale: is 0"));
  CHECK_THAT(poke(q + "_scale", 0, {0x80, 0xBF}), Contains("expected a finite one above 0"));
  CHECK_THAT(poke(q + "_scale", 0, {0x80, 0x7F}), Contains("holds a value that is not finite"));
  CHECK_THAT(poke(q, 0, {0x80, 0x7F}, HfLinears::kMasters),
             Contains("tensor " + q + ": holds a value that is not finite"));
  CHECK_THAT(poke("model.embed_tokens.weight", 2, {0xC0, 0x7F}),
             Contains("tensor model.embed_tokens.weight: holds a value"));
  CHECK_THAT(poke("model.norm.weight", 2, {0xC0, 0x7F}),
             Contains("tensor model.norm.weight: holds"));
}

TEST_CASE("a damaged Hugging Face model is refused or loaded but never crashes", "[models]") {
  Config c = config_of(true);
  c.vocab = 4;
  c.dim = c.ffn = 8;
  c.layers = c.heads = c.kv_heads = 1;
  c.head_dim = 8;
  const HfLinears linears =
      GENERATE(HfLinears::kPackedOver, HfLinears::kMasters, HfLinears::kFloat);
  const std::string config = hf_config_json(c, linears).dump();
  const std::string weights = hf_tensors(random_master(c, 1), linears, "BF16").text();
  const auto load = [](const std::string& json_text, const std::string& file) -> std::string {
    const std::vector<std::byte> exact(std::as_bytes(std::span(file)).begin(),
                                       std::as_bytes(std::span(file)).end());
    try {
      const HfConfig hf = read_hf_config(json_text, "m");
      const Safetensors parsed = Safetensors::parse(exact, "m");
      const auto model = read_hf_model(hf, std::span(&parsed, 1), {}, {}, false);
      kernels::ThreadPool pool(1);
      CpuEngine engine(kernels::selected_isa(), pool);
      Transformer(*model, engine).forward(std::vector<TokenId>{1});
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "";
  };
  REQUIRE(load(config, weights).empty());
  for (std::size_t n = 0; n < config.size(); ++n)
    REQUIRE(load(config.substr(0, n), weights).starts_with("m: "));
  for (std::size_t n = 0; n < weights.size(); ++n)
    REQUIRE(load(config, weights.substr(0, n)).starts_with("m: "));
  std::mt19937 rng(8);
  std::size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = round % 2 == 0 ? config : weights;
    for (auto n = 1 + rng() % 3; n > 0; --n)
      damaged[rng() % damaged.size()] = static_cast<char>(rng() % 256);
    const std::string text = round % 2 == 0 ? load(damaged, weights) : load(config, damaged);
    refused += !text.empty();
    REQUIRE(text.find('\n') == std::string::npos);
  }
  CHECK(refused > 1000);
}

}  // namespace
}  // namespace tern::models
