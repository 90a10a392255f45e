// SPDX-License-Identifier: Apache-2.0
//
// Writes the committed corpora: make_corpus DIRECTORY. Tiny random models, one per kind of file.

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/pre_tokenizer.h"
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

json tokenizer_json(const char* pattern, bool ignore_merges) {
  const TokenizerData d = tiny_tokenizer(257);
  json vocab;
  for (std::size_t i = 0; i < 256; ++i) vocab[d.tokens[i]] = i;
  vocab["ab"] = 256;
  const json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", pattern == nullptr}};
  json pre = byte_level;
  if (pattern != nullptr)
    pre = {{"type", "Sequence"},
           {"pretokenizers",
            {{{"type", "Split"},
              {"pattern", {{"Regex", pattern}}},
              {"behavior", "Isolated"},
              {"invert", false}},
             byte_level}}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens",
           {{{"id", 257},
             {"content", "<|b|>"},
             {"single_word", false},
             {"lstrip", false},
             {"rstrip", false},
             {"normalized", false},
             {"special", true}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", pre},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"},
            {"byte_fallback", false},
            {"ignore_merges", ignore_merges},
            {"vocab", vocab},
            {"merges", {"a b"}}}}};
}

// The wire format of protocol buffers, as far as a tokenizer.model needs it.
struct Proto {
  std::string bytes;

  Proto& varint(std::uint64_t v) {
    for (; v >= 128; v >>= 7) bytes += static_cast<char>(v % 128 + 128);
    bytes += static_cast<char>(v);
    return *this;
  }
  Proto& number(unsigned field, std::uint64_t v) { return varint(field << 3).varint(v); }
  Proto& text(unsigned field, const std::string& v) {
    varint(field << 3 | 2).varint(v.size());
    bytes += v;
    return *this;
  }
  Proto& real(unsigned field, float v) {
    varint(field << 3 | 5);
    bytes.append(reinterpret_cast<const char*>(&v), sizeof v);
    return *this;
  }
};

// Of each piece: its spelling and its type (1 normal, 2 unknown, 3 control, 6 byte), which GGUF
// counts alike.
std::vector<std::pair<std::string, unsigned>> sentence_pieces() {
  std::vector<std::pair<std::string, unsigned>> pieces = {{"<unk>", 2}, {"<s>", 3}, {"</s>", 3}};
  for (unsigned b = 0; b < 256; ++b) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", b);
    pieces.emplace_back(name, 6);
  }
  for (const char* piece : {"\u2581a", "\u2581", "a", "b", "ab"}) pieces.emplace_back(piece, 1);
  return pieces;
}

std::string sentencepiece_model() {
  Proto model;
  float score = 0;
  for (const auto& [piece, type] : sentence_pieces())
    model.text(1, Proto().text(1, piece).real(2, score--).number(3, type).bytes);
  // model_type BPE, vocab_size, byte_fallback, ids of unknown, begin, end.
  model.text(2, Proto()
                    .number(3, 2)
                    .number(4, 264)
                    .number(35, 1)
                    .number(40, 0)
                    .number(41, 1)
                    .number(42, 2)
                    .bytes);
  model.text(3, Proto().text(1, "identity").number(3, 1).number(4, 0).number(5, 1).bytes);
  return model.bytes;
}

void write_gguf_llama(const fs::path& path) {
  std::vector<std::string> tokens;
  std::vector<std::int64_t> types;
  std::vector<double> scores;
  for (const auto& [piece, type] : sentence_pieces()) {
    scores.push_back(-static_cast<double>(tokens.size()));
    tokens.push_back(piece);
    types.push_back(type);
  }
  const std::string prefix = "tokenizer.ggml.";
  const std::vector<std::pair<std::string, GgufValue>> values = {
      {prefix + "model", GgufValue::string("llama")},
      {prefix + "tokens", GgufValue::strings(tokens)},
      {prefix + "scores", {GgufType::kArray, GgufArray{GgufType::kF32, scores}}},
      {prefix + "token_type", GgufValue::i32s(types)},
      {prefix + "bos_token_id", GgufValue::u32(1)},
      {prefix + "eos_token_id", GgufValue::u32(2)},
      {prefix + "unknown_token_id", GgufValue::u32(0)}};
  write_gguf(path, values, std::span<const GgufTensor>());
}

void write_corpus(const fs::path& root) {
  for (const char* target :
       {"gguf", "gguf_tokenizer", "safetensors", "hf", "tokenizer_json", "tokenizer_model"})
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
  write_gguf_llama(root / "gguf_tokenizer" / "llama");
  write_whole_file(root / "tokenizer_json" / "gpt2", tokenizer_json(nullptr, false).dump());
  const std::string llama3(find_pre_tokenizer("llama-bpe").patterns[0]);
  write_whole_file(root / "tokenizer_json" / "split", tokenizer_json(llama3.c_str(), true).dump());
  write_whole_file(root / "tokenizer_model" / "bpe", sentencepiece_model());
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
