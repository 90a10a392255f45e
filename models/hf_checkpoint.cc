// SPDX-License-Identifier: Apache-2.0

#include "models/hf_checkpoint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <unordered_set>

#include "models/error_line.h"
#include "models/hf_names.h"
#include "models/hf_tokenizer.h"
#include "models/json_text.h"
#include "models/model_weights.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostIndex = std::size_t{1} << 24;  // bytes of model.safetensors.index.json

const kernels::DenseFormat* dense_format_of(std::string_view dtype) {
  if (dtype == "F32") return &kernels::dense_format("f32");
  if (dtype == "F16") return &kernels::dense_format("f16");
  if (dtype == "BF16") return &kernels::dense_format("bf16");
  return nullptr;
}

const std::uint8_t* bytes_of(const SafeTensor& t) {
  return reinterpret_cast<const std::uint8_t*>(t.data.data());
}

// Hands out tensors of all files, each checked against what the model needs, and knows which were
// never asked for.
class Tensors {
 public:
  Tensors(std::span<const Safetensors> files, Model& model, bool mapped)
      : files_(files), model_(model), mapped_(mapped) {
    std::unordered_set<std::string_view> names;
    for (const Safetensors& file : files)
      for (const SafeTensor& t : file.tensors())
        if (!names.insert(t.name).second)
          file.fail("tensor " + shown(t.name), "is in another file of the model as well");
  }

  std::vector<float> vector(const std::string& name, std::size_t size) {
    const Found t = get(name, {size});
    const kernels::DenseFormat& format = dense(t);
    return read_floats(format, bytes_of(*t.tensor), size, label(t));
  }

  // `ours` is the name the model gives it.
  DenseMatrix dense(const std::string& name, const std::string& ours, std::size_t rows,
                    std::size_t cols) {
    const Found t = get(name, {rows, cols});
    const kernels::DenseFormat& format = dense(t);
    labels_[ours] = label(t);
    const std::uint8_t* data = bytes_of(*t.tensor);
    if (reinterpret_cast<std::uintptr_t>(data) % format.block_bytes == 0)
      return {ours, rows, cols, &format, data, mapped_};
    const auto copy =
        std::make_shared<std::vector<std::uint8_t>>(data, data + t.tensor->data.size());
    model_.storage.push_back(copy);
    return {ours, rows, cols, &format, copy->data()};
  }

  // Packed, with its scale in a tensor of its own, or the reciprocal of it.
  TernaryMatrix packed(const std::string& name, const std::string& ours, std::size_t rows,
                       std::size_t cols, bool reciprocal) {
    const kernels::TernaryFormat& format = kernels::ternary_format("hf_u8");
    const Found t = find(name + ".weight");
    if (const std::string problem = kernels::shape_problem(format, rows, cols); !problem.empty())
      fail(t, problem);
    if (t.tensor->dtype != "U8")
      fail(t, "has dtype " + std::string(t.tensor->dtype) +
                  ", expected U8: quantization_config says that the weights are packed");
    check_shape(t, {rows / 4, cols});
    const float scale = vector(name + ".weight_scale", 1).front();
    const float gamma = reciprocal ? 1 / scale : scale;
    if (!(scale > 0) || !std::isfinite(gamma))
      fail(find(name + ".weight_scale"),
           "is " + std::to_string(scale) + ", expected a finite one above 0");
    labels_[ours] = label(t);
    return {ours,    rows,   cols, gamma, {bytes_of(*t.tensor), t.tensor->data.size()},
            &format, mapped_};
  }

  const std::string& label_of(const std::string& ours) const { return labels_.at(ours); }

  // A tied head may be there once more; old checkpoints have the frequencies of RoPE.
  void check_all_used() const {
    for (const Safetensors& file : files_)
      for (const SafeTensor& t : file.tensors())
        if (!used_.contains(&t) && !t.name.ends_with(".rotary_emb.inv_freq") &&
            !(model_.config.tied_head && t.name == kHfHead))
          file.fail("tensor " + shown(t.name),
                    "is no tensor of architecture " + model_.config.architecture);
  }

 private:
  struct Found {
    const SafeTensor* tensor;
    const Safetensors* file;
  };

  Found find(const std::string& name) {
    for (const Safetensors& file : files_)
      if (const SafeTensor* t = file.find(name)) {
        used_.insert(t);
        return {t, &file};
      }
    files_.front().fail("tensor " + name, "the tensor is missing");
  }
  Found get(const std::string& name, const std::vector<std::uint64_t>& shape) {
    const Found t = find(name);
    check_shape(t, shape);
    return t;
  }
  // A vector of one may have no dimension at all.
  void check_shape(const Found& t, const std::vector<std::uint64_t>& shape) const {
    if (t.tensor->shape != shape &&
        !(t.tensor->shape.empty() && shape == std::vector<std::uint64_t>{1}))
      fail(t, "has shape " + shape_text(t.tensor->shape) + ", expected " + shape_text(shape));
  }
  const kernels::DenseFormat& dense(const Found& t) const {
    const kernels::DenseFormat* format = dense_format_of(t.tensor->dtype);
    if (format == nullptr)
      fail(t, "has dtype " + std::string(t.tensor->dtype) + ", expected F32, F16 or BF16");
    return *format;
  }
  static std::string label(const Found& t) {
    return t.file->where() + ": tensor " + shown(t.tensor->name);
  }
  [[noreturn]] static void fail(const Found& t, const std::string& what) {
    t.file->fail("tensor " + shown(t.tensor->name), what);
  }

  std::span<const Safetensors> files_;
  Model& model_;
  bool mapped_;
  std::unordered_set<const SafeTensor*> used_;
  std::unordered_map<std::string, std::string> labels_;  // by our names
};

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

}  // namespace

std::unique_ptr<const Model> read_hf_model(const HfConfig& hf, std::span<const Safetensors> files,
                                           std::vector<std::shared_ptr<const void>> owners,
                                           std::optional<Tokenizer> tokenizer, bool mapped) {
  auto model = std::make_unique<Model>();
  model->storage = std::move(owners);
  const Config& c = model->config = hf.config;
  model->rope_divisors = hf.rope_divisors;
  model->tokenizer = std::move(tokenizer);
  Tensors tensors(files, *model, mapped);
  model->token_embd = tensors.dense(kHfEmbedding, "token_embd.weight", c.vocab, c.dim);
  if (!c.tied_head) model->output = tensors.dense(kHfHead, "output.weight", c.vocab, c.dim);
  model->output_norm = tensors.vector(kHfOutputNorm, c.dim);
  for (std::size_t l = 0; l < c.layers; ++l) {
    Layer& layer = model->layers.emplace_back();
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        layer.*slot.norm = tensors.vector(hf_layer_name(l, slot.name) + ".weight", slot.size(c));
    for (const LinearSlot& slot : linear_slots()) {
      const std::string name = hf_layer_name(l, slot.name), ours = tensor_name(l, slot.name);
      const std::size_t rows = slot.rows(c), cols = slot.cols(c);
      if (hf.linears == HfLinears::kFloat || hf.linears == HfLinears::kMasters)
        layer.*slot.linear = tensors.dense(name + ".weight", ours, rows, cols);
      else
        layer.*slot.linear =
            tensors.packed(name, ours, rows, cols, hf.linears == HfLinears::kPackedOver);
    }
  }
  tensors.check_all_used();
  const Label label = [&](const std::string& ours) { return tensors.label_of(ours); };
  check_weights(*model, label);
  if (hf.linears == HfLinears::kMasters) ternarize_linears(*model, label);
  return model;
}

std::vector<std::string> read_hf_index(std::string_view text, const std::string& where) {
  const nlohmann::json document = parse_json(text, where, kMostIndex);
  const JsonFields json(document, where);
  if (!json.has("weight_map")) json.fail("weight_map", "the field is missing");
  const auto map = json.object("weight_map");
  std::set<std::string> files;
  for (const auto& [tensor, file] : json.find("weight_map")->items()) {
    if (!file.is_string()) map->fail(shown(tensor).c_str(), "expected the name of a file");
    const auto name = file.get<std::string>();
    if (!name.ends_with(".safetensors") || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos)
      map->fail(
          shown(tensor).c_str(),
          "is '" + shown(name) + "', expected the name of a .safetensors file beside this one");
    files.insert(name);
  }
  if (files.empty()) json.fail("weight_map", "names no file");
  return {files.begin(), files.end()};
}

std::string hf_path(const std::string& directory, const std::string& name) {
  return (fs::path(directory) / name).string();
}

std::vector<std::string> hf_weight_files(const std::string& directory) {
  if (!fs::exists(hf_path(directory, "config.json")))
    throw std::runtime_error(directory +
                             ": no config.json in this directory: name a GGUF file, or a Hugging "
                             "Face directory with config.json and *.safetensors");
  if (fs::exists(hf_path(directory, "model.safetensors"))) return {"model.safetensors"};
  const std::string index = hf_path(directory, "model.safetensors.index.json");
  if (!fs::exists(index))
    throw std::runtime_error(directory +
                             ": neither model.safetensors nor model.safetensors.index.json in this "
                             "directory; weights of other kinds must be converted to safetensors");
  const MappedFile file = map_file(index);
  return read_hf_index(text_of(file), index);
}

HfFiles open_hf_directory(const std::string& directory) {
  const std::vector<std::string> names = hf_weight_files(directory);
  const std::string config_path = hf_path(directory, "config.json");
  const MappedFile config_file = map_file(config_path);
  HfFiles out{read_hf_config(text_of(config_file), config_path), {}, {}};
  for (const std::string& name : names) {
    const std::string path = hf_path(directory, name);
    MappedFile file = map_file(path);
    out.files.push_back(Safetensors::parse(file.bytes, path));
    out.owners.push_back(std::move(file.owner));
  }
  return out;
}

std::unique_ptr<const Model> load_hf_directory(const std::string& directory) {
  HfFiles opened = open_hf_directory(directory);
  return read_hf_model(opened.config, opened.files, std::move(opened.owners),
                       read_hf_tokenizer(directory, opened.config.config.vocab), true);
}

}  // namespace tern::models
