// SPDX-License-Identifier: Apache-2.0
//
// Writes the committed corpora: make_corpus DIRECTORY. Tiny random models, one per kind of file.

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/whole_file.h"
#include "tests/models/hf_files.h"
#include "tests/models/tiny_model.h"

namespace tern::models {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

Config small_config(std::size_t ffn) {
  Config c;
  c.name = "seed";
  c.vocab = 257;
  c.context = 16;
  c.dim = 8;
  c.layers = 1;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_dim = 4;
  c.ffn = ffn;
  return c;
}

// A GGUF file whose ffn_down is of that type.
void write_gguf_seed(const fs::path& path, TensorType type, std::size_t ffn) {
  const Config c = small_config(ffn);
  write_checkpoint(path, random_master(c, 1), tiny_tokenizer(c.vocab), Flavour::kF16);
  const MappedFile mapped = map_file(path);
  const Gguf file = Gguf::parse(mapped.bytes, path);
  std::vector<GgufTensor> tensors = file.tensors();
  std::vector<std::uint8_t> packed;
  const std::string_view format = tensor_format(type);
  for (GgufTensor& t : tensors) {
    if (t.name != "blk.0.ffn_down.weight") continue;
    std::vector<float> w(t.elements());
    kernels::dense_format("f16").unpack(reinterpret_cast<const std::uint8_t*>(t.data.data()),
                                        w.size(), w.data());
    packed.resize(tensor_bytes(type, w.size(), ffn));
    if (tensor_is_ternary(type)) {
      std::vector<std::int8_t> trits(w.size());
      for (std::size_t i = 0; i < w.size(); ++i)
        trits[i] = w[i] > 0.05f ? 1 : w[i] < -0.05f ? -1 : 0;
      kernels::ternary_format(format).pack(trits.data(), c.dim, ffn, 0.125f, packed.data());
    } else {
      kernels::dense_format(format).pack(w.data(), w.size(), packed.data());
    }
    t.type = type;
    t.data = std::as_bytes(std::span(packed));
  }
  write_gguf(path, file.values(), tensors);
}

MasterWeights hf_master(bool sub_norms) {
  Config c = small_config(12);
  c.vocab = 4;
  c.tied_head = true;
  c.sub_norms = sub_norms;
  c.activation = sub_norms ? Activation::kRelu2 : Activation::kSilu;
  return random_master(c, 3);
}

void write_corpus(const fs::path& root) {
  for (const char* target : {"gguf", "gguf_tokenizer", "safetensors", "hf"})
    fs::create_directories(root / target);
  write_gguf_seed(root / "gguf" / "f16", TensorType::kF16, 8);
  write_gguf_seed(root / "gguf" / "i2_s", TensorType::kI2S, 128);
  write_gguf_seed(root / "gguf" / "tq1_0", TensorType::kTq1, 256);
  write_gguf_seed(root / "gguf" / "q4_k", TensorType::kQ4K, 256);
  {
    const fs::path path = root / "gguf_tokenizer" / "gpt2";
    write_gguf_seed(path, TensorType::kF16, 8);
    const MappedFile mapped = map_file(path);
    const Gguf file = Gguf::parse(mapped.bytes, path);
    write_gguf(path, file.values(), std::span<const GgufTensor>());
  }
  const auto hf = [&](const char* name, const json& config, const HfTensors& weights) {
    write_whole_file(root / "hf" / name, config.dump() + '\0' + weights.text());
  };
  const MasterWeights llama = hf_master(false), bitnet = hf_master(true);
  json scaled = hf_config_json(llama.config, HfLinears::kFloat);
  scaled["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8}};
  hf("llama", scaled, hf_tensors(llama, HfLinears::kFloat, "F16"));
  for (const auto& [name, linears] :
       {std::pair{"online", HfLinears::kMasters}, {"packed", HfLinears::kPackedOver}})
    hf(name, hf_config_json(bitnet.config, linears), hf_tensors(bitnet, linears, "BF16"));
  write_whole_file(root / "hf" / "index",
                   json{{"metadata", {{"total_size", 1}}},
                        {"weight_map", {{"a", "m-1.safetensors"}, {"b", "m-2.safetensors"}}}}
                       .dump());
  write_whole_file(root / "safetensors" / "packed",
                   hf_tensors(bitnet, HfLinears::kPacked, "BF16").text());
}

}  // namespace
}  // namespace tern::models

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus DIRECTORY\n");
    return 2;
  }
  tern::models::write_corpus(argv[1]);
  return 0;
}
