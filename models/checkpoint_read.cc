// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <unordered_set>

#include "kernels/format.h"
#include "kernels/formats/formats.h"
#include "models/architecture.h"
#include "models/checkpoint.h"
#include "models/packing.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t extent : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

// Keys "<architecture>.<name>".
class Keys {
 public:
  Keys(const Gguf& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  bool has(const std::string& name) const { return file_.find(prefix_ + name) != nullptr; }
  std::size_t size(const std::string& name) const {
    return static_cast<std::size_t>(file_.number(prefix_ + name));
  }
  std::size_t size(const std::string& name, std::size_t otherwise) const {
    return has(name) ? size(name) : otherwise;
  }
  float real(const std::string& name) const {
    return static_cast<float>(file_.real(prefix_ + name));
  }
  void must_equal(const std::string& name, std::size_t expected) const {
    if (has(name) && size(name) != expected)
      file_.fail(prefix_ + name,
                 "is " + std::to_string(size(name)) + ", expected " + std::to_string(expected));
  }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    file_.fail(prefix_ + name, what);
  }

 private:
  const Gguf& file_;
  std::string prefix_;
};

Config read_config(const Gguf& file) {
  Config c;
  c.architecture = file.text("general.architecture");
  const Architecture* architecture = find_architecture(c.architecture);
  if (architecture == nullptr) {
    std::string names;
    for (const Architecture& a : architectures())
      names += (names.empty() ? "" : ", ") + std::string(a.name);
    file.fail("general.architecture", "is '" + c.architecture + "', expected one of " + names);
  }
  c.activation = architecture->activation;
  c.pairing = architecture->pairing;
  c.sub_norms = architecture->sub_norms;
  if (file.find("general.name") != nullptr) c.name = file.text("general.name");

  const Keys keys(file, c.architecture + ".");
  c.context = keys.size("context_length");
  c.dim = keys.size("embedding_length");
  c.layers = keys.size("block_count");
  c.ffn = keys.size("feed_forward_length");
  c.heads = keys.size("attention.head_count");
  c.kv_heads = keys.size("attention.head_count_kv", c.heads);
  c.rms_eps = keys.real("attention.layer_norm_rms_epsilon");
  if (keys.has("rope.freq_base")) c.rope_theta = keys.real("rope.freq_base");
  if (c.heads == 0) keys.fail("attention.head_count", "is 0");
  if (!keys.has("attention.key_length") && c.dim % c.heads != 0)
    keys.fail("attention.head_count", "is " + std::to_string(c.heads) +
                                          ", which does not divide embedding_length, " +
                                          std::to_string(c.dim));
  c.head_dim = keys.size("attention.key_length", c.dim / c.heads);
  keys.must_equal("attention.value_length", c.head_dim);
  keys.must_equal("rope.dimension_count", c.head_dim);
  if (keys.has("rope.scaling.type") && file.text(c.architecture + ".rope.scaling.type") != "none")
    keys.fail("rope.scaling.type", "only 'none' is supported (and rope_freqs.weight)");
  c.vocab = file.strings("tokenizer.ggml.tokens").size();
  keys.must_equal("vocab_size", c.vocab);
  c.tied_head = file.find_tensor("output.weight") == nullptr;
  check(c, file.where() + ": " + c.architecture);
  return c;
}

std::optional<TokenId> read_token(const Gguf& file, const std::string& key) {
  if (file.find(key) == nullptr) return std::nullopt;
  const std::uint64_t id = file.number(key);
  if (id > std::numeric_limits<TokenId>::max()) file.fail(key, "is no token");
  return static_cast<TokenId>(id);
}

TokenizerData read_tokenizer(const Gguf& file) {
  const std::string prefix = "tokenizer.ggml.";
  if (const std::string& kind = file.text(prefix + "model"); kind != "gpt2")
    file.fail(prefix + "model", "is '" + kind + "', expected 'gpt2' (byte-level BPE)");
  TokenizerData d;
  d.tokens = file.strings(prefix + "tokens");
  d.merges = file.strings(prefix + "merges");
  const GgufArray& types = file.array(prefix + "token_type");
  const auto* numbers = std::get_if<std::vector<std::int64_t>>(&types.values);
  if (numbers == nullptr) file.fail(prefix + "token_type", "expected an array of signed integers");
  for (const std::int64_t type : *numbers) {
    if (type < 1 || type > 6)
      file.fail(prefix + "token_type", "has type " + std::to_string(type) + ", expected 1 to 6");
    d.types.push_back(TokenType{static_cast<std::int32_t>(type)});
  }
  // The released BitNet b1.58 2B4T names none and needs LLaMA-3's (formats.md 6.7).
  d.pre = file.find(prefix + "pre") != nullptr ? file.text(prefix + "pre") : "llama-bpe";
  d.bos = read_token(file, prefix + "bos_token_id");
  d.eos = read_token(file, prefix + "eos_token_id");
  d.add_bos = file.find(prefix + "add_bos_token") != nullptr
                  ? file.boolean(prefix + "add_bos_token")
                  : d.bos.has_value();
  try {
    const Tokenizer valid(d);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(file.where() + ": " + e.what());
  }
  return d;
}

// Hands out tensors, each checked against what the model needs, and knows which were never asked
// for.
class Tensors {
 public:
  Tensors(const Gguf& file, Model& model, bool mapped)
      : file_(file), model_(model), mapped_(mapped) {}

  std::vector<float> vector(const std::string& name, std::size_t size) {
    const GgufTensor& t = get(name, {size});
    if (t.type != TensorType::kF32) wrong_type(t, "F32");
    std::vector<float> values(size);
    std::memcpy(values.data(), t.data.data(), size * sizeof(float));
    for (const float v : values)
      if (!std::isfinite(v)) fail(name, "holds a value that is not finite");
    return values;
  }

  DenseMatrix dense(const std::string& name, std::size_t rows, std::size_t cols) {
    const GgufTensor& t = get(name, {cols, rows});
    const std::string_view format = dense_format_of(t.type);
    if (format.empty()) wrong_type(t, "F32, F16 or BF16");
    return dense(t, format);
  }

  Linear linear(const std::string& name, std::size_t rows, std::size_t cols) {
    const GgufTensor& t = get(name, {cols, rows});
    switch (t.type) {
      case TensorType::kI2S:
        return ternary(t, "i2_s");
      case TensorType::kTq1:
        return ternary(t, "tq1_0");
      case TensorType::kTq2:
        return ternary(t, "tq2_0");
      default:
        break;
    }
    if (const std::string_view format = dense_format_of(t.type); !format.empty())
      return dense(t, format);
    wrong_type(t, "I2_S, TQ1_0, TQ2_0, F32, F16 or BF16");
  }

  void check_all_used() const {
    for (const GgufTensor& t : file_.tensors())
      if (!used_.contains(&t))
        fail(t.name, "is no tensor of architecture " + model_.config.architecture);
  }

  bool has(const std::string& name) const { return file_.find_tensor(name) != nullptr; }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    file_.fail("tensor " + name, what);
  }

 private:
  const GgufTensor& get(const std::string& name, std::vector<std::uint64_t> expected) {
    const GgufTensor* t = file_.find_tensor(name);
    if (t == nullptr) fail(name, "the tensor is missing");
    std::vector<std::uint64_t> shape = t->shape;
    while (shape.size() > expected.size() && shape.back() == 1) shape.pop_back();
    if (shape != expected)
      fail(name, "has shape " + shape_text(t->shape) + ", expected " + shape_text(expected));
    used_.insert(t);
    return *t;
  }

  [[noreturn]] void wrong_type(const GgufTensor& t, const std::string& expected) const {
    fail(t.name, "has type " + std::string(tensor_type_name(t.type)) + ", expected " + expected);
  }

  static std::string_view dense_format_of(TensorType type) {
    switch (type) {
      case TensorType::kF32:
        return "f32";
      case TensorType::kF16:
        return "f16";
      case TensorType::kBf16:
        return "bf16";
      default:
        return "";
    }
  }

  DenseMatrix dense(const GgufTensor& t, std::string_view name) const {
    const kernels::DenseFormat& format = kernels::dense_format(name);
    const auto* data = reinterpret_cast<const std::uint8_t*>(t.data.data());
    const auto n = static_cast<std::size_t>(t.elements());
    if (!format.sound(data, n)) fail(t.name, "holds a value that is not finite");
    const auto cols = static_cast<std::size_t>(t.shape[0]);
    return {t.name, n / cols, cols, &format, data, mapped_};
  }

  // I2_S of x86 is t2, with the scale behind.
  TernaryMatrix ternary(const GgufTensor& t, std::string_view name) const {
    const kernels::TernaryFormat& format = kernels::ternary_format(name);
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(t.data.data()), t.data.size());
    const auto cols = static_cast<std::size_t>(t.shape[0]);
    const std::size_t rows = static_cast<std::size_t>(t.elements()) / cols;
    const float gamma = kernels::check_tensor(format, bytes, rows, cols, label(t));
    TernaryMatrix w{t.name, rows, cols, gamma, bytes, &format, mapped_};
    if (name == "i2_s") {
      w.format = nullptr;
      w.bytes = bytes.first(w.t2_bytes());
    }
    return w;
  }

  std::string label(const GgufTensor& t) const { return file_.where() + ": tensor " + t.name; }

  const Gguf& file_;
  Model& model_;
  bool mapped_;
  std::unordered_set<const GgufTensor*> used_;
};

}  // namespace

std::unique_ptr<const Model> read_model(const Gguf& file, std::shared_ptr<const void> owner,
                                        bool mapped) {
  auto model = std::make_unique<Model>();
  model->storage.push_back(std::move(owner));
  const Config& c = model->config = read_config(file);
  model->tokenizer = read_tokenizer(file);
  Tensors tensors(file, *model, mapped);
  model->token_embd = tensors.dense("token_embd.weight", c.vocab, c.dim);
  if (!c.tied_head) model->output = tensors.dense("output.weight", c.vocab, c.dim);
  model->output_norm = tensors.vector("output_norm.weight", c.dim);
  if (tensors.has("rope_freqs.weight")) {
    model->rope_divisors = tensors.vector("rope_freqs.weight", c.head_dim / 2);
    for (const float v : model->rope_divisors)
      if (v <= 0) tensors.fail("rope_freqs.weight", "holds a divisor that is not above 0");
  }
  for (std::size_t l = 0; l < c.layers; ++l) {
    Layer& layer = model->layers.emplace_back();
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        layer.*slot.norm = tensors.vector(tensor_name(l, slot.name), slot.size(c));
    for (const LinearSlot& slot : linear_slots())
      layer.*slot.linear = tensors.linear(tensor_name(l, slot.name), slot.rows(c), slot.cols(c));
  }
  tensors.check_all_used();
  return model;
}

std::unique_ptr<const Model> load_checkpoint(const std::string& path) {
  MappedFile file = map_file(path);
  return read_model(Gguf::parse(file.bytes, path), std::move(file.owner), true);
}

}  // namespace tern::models
