// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "kernels/format.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/gguf_config.h"
#include "models/gguf_tokenizer.h"
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
  const Config& c = model->config = read_gguf_config(file);
  model->tokenizer = read_gguf_tokenizer(file);
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
