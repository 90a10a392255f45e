// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <deque>
#include <stdexcept>
#include <variant>

#include "kernels/check.h"
#include "kernels/formats/formats.h"
#include "models/architecture.h"
#include "models/checkpoint.h"
#include "models/packing.h"

namespace tern::models {
namespace {

constexpr std::uint32_t kFileTypeF16 = 1, kFileTypeI2S = 40;  // llama.h of bitnet.cpp

using Values = std::vector<std::pair<std::string, GgufValue>>;

std::uint32_t narrow(std::size_t n) { return static_cast<std::uint32_t>(n); }

Values metadata(const Config& c, const TokenizerData& t, Flavour flavour) {
  const std::string a = c.architecture + ".";
  const std::string k = "tokenizer.ggml.";
  Values v = {
      {"general.architecture", GgufValue::string(c.architecture)},
      {"general.name", GgufValue::string(c.name)},
      {a + "vocab_size", GgufValue::u32(narrow(c.vocab))},
      {a + "context_length", GgufValue::u32(narrow(c.context))},
      {a + "embedding_length", GgufValue::u32(narrow(c.dim))},
      {a + "block_count", GgufValue::u32(narrow(c.layers))},
      {a + "feed_forward_length", GgufValue::u32(narrow(c.ffn))},
      {a + "rope.dimension_count", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.head_count", GgufValue::u32(narrow(c.heads))},
      {a + "attention.head_count_kv", GgufValue::u32(narrow(c.kv_heads))},
      {a + "attention.key_length", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.value_length", GgufValue::u32(narrow(c.head_dim))},
      {a + "attention.layer_norm_rms_epsilon", GgufValue::f32(c.rms_eps)},
      {a + "rope.freq_base", GgufValue::f32(c.rope_theta)},
      {"general.file_type",
       GgufValue::u32(flavour == Flavour::kTernary ? kFileTypeI2S : kFileTypeF16)},
      {"general.quantization_version", GgufValue::u32(2)},
      {k + "model", GgufValue::string("gpt2")},
      {k + "pre", GgufValue::string(t.pre)},
      {k + "tokens", GgufValue::strings(t.tokens)},
  };
  std::vector<std::int64_t> types;
  for (const TokenType type : t.types) types.push_back(static_cast<std::int32_t>(type));
  v.emplace_back(k + "token_type", GgufValue::i32s(std::move(types)));
  v.emplace_back(k + "merges", GgufValue::strings(t.merges));
  if (t.bos) v.emplace_back(k + "bos_token_id", GgufValue::u32(*t.bos));
  if (t.eos) v.emplace_back(k + "eos_token_id", GgufValue::u32(*t.eos));
  v.emplace_back(k + "add_bos_token", GgufValue::boolean(t.add_bos));
  return v;
}

class TensorList {
 public:
  void f32(const std::string& name, const std::vector<float>& w, std::size_t size) {
    TERN_CHECK(w.size() == size, "a norm of another length");
    for (const float v : w)
      if (!std::isfinite(v)) throw std::runtime_error(name + ": a weight is not finite");
    list_.push_back({name, {size}, TensorType::kF32, std::as_bytes(std::span(w))});
  }

  void f16(const std::string& name, const std::vector<float>& w, std::size_t rows,
           std::size_t cols) {
    TERN_CHECK(w.size() == rows * cols, "master weights of another shape");
    const auto& packed =
        std::get<std::vector<kernels::f16>>(owned_.emplace_back(pack_f16(w, name)));
    list_.push_back({name, {cols, rows}, TensorType::kF16, std::as_bytes(std::span(packed))});
  }

  void i2s(const std::string& name, const std::vector<float>& w, std::size_t rows,
           std::size_t cols) {
    const kernels::TernaryFormat& format = kernels::ternary_format("i2_s");
    kernels::check_shape(format, rows, cols, name);
    const auto& data = std::get<std::vector<std::uint8_t>>(owned_.emplace_back(
        kernels::pack_tensor(format, ternarize(w, rows, cols, name), rows, cols, name)));
    list_.push_back({name, {cols, rows}, TensorType::kI2S, std::as_bytes(std::span(data))});
  }

  const std::vector<GgufTensor>& list() const { return list_; }

 private:
  std::vector<GgufTensor> list_;
  std::deque<std::variant<std::vector<kernels::f16>, std::vector<std::uint8_t>>> owned_;
};

void check_architecture(const Config& c) {
  const Architecture* a = find_architecture(c.architecture);
  if (a == nullptr)
    throw std::runtime_error("general.architecture: no architecture '" + c.architecture + "'");
  if (a->activation != c.activation || a->pairing != c.pairing || a->sub_norms != c.sub_norms)
    throw std::runtime_error(
        "general.architecture: activation, RoPE pairing or sub-norms are not "
        "those of " +
        c.architecture);
}

TensorList all_tensors(const MasterWeights& master, Flavour flavour) {
  const Config& c = master.config;
  TERN_CHECK(master.layers.size() == c.layers, "master weights of another depth");
  TERN_CHECK(master.output.empty() == c.tied_head, "an untied head needs output weights");
  TensorList tensors;
  tensors.f16("token_embd.weight", master.token_embd, c.vocab, c.dim);
  for (std::size_t l = 0; l < c.layers; ++l) {
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        tensors.f32(tensor_name(l, slot.name), master.layers[l].*slot.master, slot.size(c));
    for (const LinearSlot& slot : linear_slots()) {
      const auto& w = master.layers[l].*slot.master;
      if (flavour == Flavour::kTernary)
        tensors.i2s(tensor_name(l, slot.name), w, slot.rows(c), slot.cols(c));
      else
        tensors.f16(tensor_name(l, slot.name), w, slot.rows(c), slot.cols(c));
    }
  }
  tensors.f32("output_norm.weight", master.output_norm, c.dim);
  if (!c.tied_head) tensors.f16("output.weight", master.output, c.vocab, c.dim);
  return tensors;
}

}  // namespace

void write_checkpoint(const std::string& path, const MasterWeights& master,
                      const TokenizerData& tokenizer, Flavour flavour,
                      std::span<const std::pair<std::string, std::string>> extra) {
  try {
    check(master.config, master.config.architecture);
    check_architecture(master.config);
    if (tokenizer.tokens.size() != master.config.vocab)
      throw std::runtime_error("tokenizer.ggml.tokens has " +
                               std::to_string(tokenizer.tokens.size()) +
                               " entries, vocab_size is " + std::to_string(master.config.vocab));
    const Tokenizer valid(tokenizer);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(path + ": " + e.what());
  }
  Values values = metadata(master.config, tokenizer, flavour);
  for (const auto& [key, text] : extra) values.emplace_back(key, GgufValue::string(text));
  const TensorList tensors = [&] {
    try {
      return all_tensors(master, flavour);
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(path + ": tensor " + e.what());
    }
  }();
  write_gguf(path, values, tensors.list());
}

}  // namespace tern::models
