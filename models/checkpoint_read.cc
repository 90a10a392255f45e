// SPDX-License-Identifier: Apache-2.0

#include <exception>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <system_error>
#include <unordered_set>

#include "kernels/formats/formats.h"
#include "kernels/formats/tl.h"
#include "kernels/huge_buffer.h"
#include "models/checkpoint.h"
#include "models/gguf_config.h"
#include "models/gguf_tokenizer.h"
#include "models/hf_checkpoint.h"
#include "models/model_weights.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

// Hands out tensors, each checked against what the model needs, and knows which were never asked
// for.
class Tensors {
 public:
  Tensors(const Gguf& file, const Model& model, bool mapped, const LoadOptions& options)
      : file_(file), model_(model), mapped_(mapped), options_(options) {}

  std::vector<float> vector(const std::string& name, std::size_t size) {
    const GgufTensor& t = get(name, {size});
    if (t.type != TensorType::kF32) wrong_type(t, "F32");
    return read_floats(kernels::dense_format("f32"), bytes(t).data(), size, label(name));
  }

  DenseMatrix dense(const std::string& name, std::size_t rows, std::size_t cols) {
    const GgufTensor& t = get(name, {cols, rows});
    if (tensor_is_ternary(t.type)) wrong_type(t, "a type that is not ternary");
    return {name,   rows, cols, &kernels::dense_format(tensor_format(t.type)), bytes(t).data(),
            mapped_};
  }

  // Of a ternary type: with all its bytes, for check_weights().
  Linear linear(const std::string& name, std::size_t rows, std::size_t cols) {
    const GgufTensor& t = get(name, {cols, rows});
    if (!tensor_is_ternary(t.type)) return dense(name, rows, cols);
    const kernels::TernaryFormat& format = format_of(t);
    if (const std::string problem = kernels::shape_problem(format, rows, cols); !problem.empty())
      fail(name, problem + (t.type == TensorType::kI2S && cols % 64 == 0
                                ? "; a file written on ARM needs --i2s-layout arm"
                                : ""));
    if ((t.type == TensorType::kTl1 || t.type == TensorType::kTl2) &&
        kernels::find_tl_preset(rows, cols) == nullptr)
      fail(name, "is " + std::string(tensor_type_name(t.type)) + " of " + std::to_string(rows) +
                     " x " + std::to_string(cols) +
                     ", a shape without a preset: which tiles it was cut into is in no file; "
                     "convert the model anew, as I2_S" +
                     clash_text(t.type));
    return TernaryMatrix{name, rows, cols, 0, bytes(t), &format, mapped_};
  }

  void check_all_used() const {
    for (const GgufTensor& t : file_.tensors())
      if (!used_.contains(&t))
        fail(t.name, "is no tensor of architecture " + model_.config.architecture);
  }

  std::string label(const std::string& name) const { return file_.where() + ": tensor " + name; }
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

  const kernels::TernaryFormat& format_of(const GgufTensor& t) const {
    const bool arm = t.type == TensorType::kI2S && options_.i2s == I2sLayout::kArm;
    return kernels::ternary_format(arm ? "i2_s_arm" : tensor_format(t.type));
  }

  static std::span<const std::uint8_t> bytes(const GgufTensor& t) {
    return {reinterpret_cast<const std::uint8_t*>(t.data.data()), t.data.size()};
  }

  const Gguf& file_;
  const Model& model_;
  bool mapped_;
  LoadOptions options_;
  std::unordered_set<const GgufTensor*> used_;
};

// All but the tokenizer.
void read_weights(const Gguf& file, Model& model, bool mapped, const LoadOptions& options) {
  const Config& c = model.config;
  Tensors tensors(file, model, mapped, options);
  model.token_embd = tensors.dense("token_embd.weight", c.vocab, c.dim);
  if (!c.tied_head) model.output = tensors.dense("output.weight", c.vocab, c.dim);
  model.output_norm = tensors.vector("output_norm.weight", c.dim);
  model.rope_divisors = read_gguf_rope_scaling(file, c);
  if (tensors.has("rope_freqs.weight")) {
    std::vector<float> divisors = tensors.vector("rope_freqs.weight", c.head_dim / 2);
    for (const float v : divisors)
      if (v <= 0) tensors.fail("rope_freqs.weight", "holds a divisor that is not above 0");
    for (std::size_t j = 0; j < model.rope_divisors.size(); ++j)
      divisors[j] *= model.rope_divisors[j];
    model.rope_divisors = std::move(divisors);
  }
  for (std::size_t l = 0; l < c.layers; ++l) {
    Layer& layer = model.layers.emplace_back();
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        layer.*slot.norm = tensors.vector(tensor_name(l, slot.name), slot.size(c));
    for (const LinearSlot& slot : linear_slots())
      layer.*slot.linear = tensors.linear(tensor_name(l, slot.name), slot.rows(c), slot.cols(c));
  }
  tensors.check_all_used();
  check_weights(model, [&](const std::string& name) { return tensors.label(name); });
}

// Below this, a thread takes longer to start than a tokenizer to read.
constexpr std::size_t kWorthAThread = std::size_t{1} << 20;

}  // namespace

std::uintmax_t weight_file_bytes(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (fs::is_regular_file(path, none)) return fs::file_size(path, none);
  std::uintmax_t bytes = 0;
  if (fs::is_directory(path, none))
    for (const fs::directory_entry& file : fs::directory_iterator(path, none))
      if (file.path().extension() == ".safetensors") bytes += file.file_size(none);
  return bytes;
}

std::unique_ptr<const Model> read_model(const Gguf& file, std::shared_ptr<const void> owner,
                                        bool mapped, const LoadOptions& options) {
  auto model = std::make_unique<Model>();
  model->storage.push_back(std::move(owner));
  model->config = read_gguf_config(file);
  // Beside the weights: a vocabulary of 128,256 takes as long as half of them.
  std::size_t bytes = 0;
  for (const GgufTensor& t : file.tensors()) bytes += t.data.size();
  const auto read = [&] { return read_gguf_tokenizer(file); };
  auto tokenizer = std::async(std::launch::deferred, read);
  if (bytes >= kWorthAThread) try {
      tokenizer = std::async(std::launch::async, read);
    } catch (const std::system_error&) {  // no thread to be had: then after them
    }
  std::exception_ptr error;
  try {
    read_weights(file, *model, mapped, options);
  } catch (...) {
    error = std::current_exception();
  }
  model->tokenizer = tokenizer.get();  // of two errors, its own comes first
  if (error) std::rethrow_exception(error);
  return model;
}

namespace {

void check_path(const std::string& path, const LoadOptions& options) {
  // Compute layouts of ternary weights take no more than files do, all other weights lie where
  // files have them.
  if (options.must_fit) kernels::require_memory(weight_file_bytes(path), path.c_str());
  if (!std::filesystem::is_directory(path) &&
      (path.ends_with(".safetensors") || path.ends_with(".json")))
    throw std::runtime_error(path +
                             ": is a part of a Hugging Face model; name the directory that it "
                             "lies in");
}

}  // namespace

Config read_config(const std::string& path, const LoadOptions& options) {
  check_path(path, options);
  if (std::filesystem::is_directory(path)) return open_hf_directory(path).config.config;
  const MappedFile file = map_file(path);
  return read_gguf_config(Gguf::parse(file.bytes, path));
}

std::unique_ptr<const Model> load_checkpoint(const std::string& path, const LoadOptions& options) {
  check_path(path, options);
  if (std::filesystem::is_directory(path)) return load_hf_directory(path);
  MappedFile file = map_file(path);
  return read_model(Gguf::parse(file.bytes, path), std::move(file.owner), true, options);
}

}  // namespace tern::models
