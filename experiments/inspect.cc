// SPDX-License-Identifier: Apache-2.0

#include "experiments/inspect.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <unordered_map>
#include <vector>

#include "experiments/engine.h"
#include "experiments/provenance.h"
#include "experiments/trit_counts.h"
#include "models/checkpoint.h"
#include "models/gguf_config.h"
#include "models/gguf_tokenizer.h"
#include "models/hf_checkpoint.h"
#include "models/hf_names.h"
#include "models/hf_tokenizer.h"
#include "models/model_weights.h"
#include "models/whole_file.h"

namespace tern::experiments {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t kShownEntries = 4;  // of an array

template <typename T>
ordered_json shortened(const std::vector<T>& values) {
  const std::size_t n = std::min(values.size(), kShownEntries);
  return ordered_json(std::vector<T>(values.begin(), values.begin() + static_cast<long>(n)));
}

ordered_json to_json(const models::GgufValue& value) {
  if (const auto* array = std::get_if<models::GgufArray>(&value.value))
    return std::visit(
        [](const auto& v) -> ordered_json {
          return {{"count", v.size()}, {"first", shortened(v)}};
        },
        array->values);
  if (value.type == models::GgufType::kBool) return std::get<std::uint64_t>(value.value) != 0;
  return std::visit(
      [](const auto& v) -> ordered_json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, models::GgufArray>)
          return nullptr;
        else
          return v;
      },
      value.value);
}

ordered_json tokenizer_json(const models::TokenizerData& t) {
  if (t.tokens.empty()) return nullptr;
  const auto token = [&](const std::optional<models::TokenId>& id) -> ordered_json {
    if (!id) return nullptr;
    return {{"id", *id}, {"text", *id < t.tokens.size() ? t.tokens[*id] : ""}};
  };
  std::array<std::size_t, 7> of_type{};
  for (const models::TokenType type : t.types) ++of_type[static_cast<std::size_t>(type)];
  return {{"model", t.model},
          {"pre", t.pre},
          {"tokens", t.tokens.size()},
          {"merges", t.merges.size()},
          {"control_tokens", of_type[3]},
          {"user_defined_tokens", of_type[4]},
          {"unused_tokens", of_type[5]},
          {"byte_tokens", of_type[6]},
          {"bos", token(t.bos)},
          {"eos", token(t.eos)},
          {"unknown", token(t.unk)},
          {"padding", token(t.padding)},
          {"stops", t.stops},
          {"add_bos", t.add_bos},
          {"add_eos", t.add_eos},
          {"chat_template_bytes", t.chat_template.size()}};
}

// A tensor as its file has it.
struct Row {
  std::string name, type, file;
  std::vector<std::uint64_t> shape;
  std::uint64_t elements, bytes;
  std::string model_name;  // what the model calls it; "" where it is no matrix
};

struct Found {
  ordered_json keys;
  models::Config config;
  models::TokenizerData tokenizer;
  std::vector<Row> rows;
  std::uint64_t file_bytes = 0;
};

Found read_gguf(const std::string& path) {
  const models::MappedFile mapped = models::map_file(path);
  const models::Gguf file = models::Gguf::parse(mapped.bytes, path);
  Found found{ordered_json::object(),
              models::read_gguf_config(file),
              models::read_gguf_tokenizer(file).take(),
              {},
              mapped.bytes.size()};
  for (const auto& [key, value] : file.values()) found.keys[key] = to_json(value);
  for (const models::GgufTensor& t : file.tensors())
    found.rows.push_back({t.name, std::string(models::tensor_type_name(t.type)), "", t.shape,
                          t.elements(), t.data.size(), t.name});
  return found;
}

std::string text_of(const models::MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()};
}

// Names of matrices in the directory -> in the model.
std::unordered_map<std::string, std::string> model_names(const models::Config& c) {
  std::unordered_map<std::string, std::string> names = {{models::kHfEmbedding, "token_embd.weight"},
                                                        {models::kHfHead, "output.weight"}};
  for (std::size_t l = 0; l < c.layers; ++l)
    for (const models::LinearSlot& slot : models::linear_slots())
      names[models::hf_layer_name(l, slot.name) + ".weight"] = models::tensor_name(l, slot.name);
  return names;
}

Found read_hf(const std::string& directory) {
  const std::string config_path = models::hf_path(directory, "config.json");
  const std::string text = text_of(models::map_file(config_path));
  const models::HfConfig hf = models::read_hf_config(text, config_path);
  Found found{ordered_json::parse(text), hf.config, {}, {}, 0};
  if (auto tokenizer = models::read_hf_tokenizer(directory))
    found.tokenizer = std::move(*tokenizer).take();
  const auto names = model_names(found.config);
  for (const std::string& name : models::hf_weight_files(directory)) {
    const std::string path = models::hf_path(directory, name);
    const models::MappedFile mapped = models::map_file(path);
    const models::Safetensors file = models::Safetensors::parse(mapped.bytes, path);
    found.file_bytes += mapped.bytes.size();
    for (const models::SafeTensor& t : file.tensors()) {
      const auto ours = names.find(t.name);
      // Four packed weights are one element of the file.
      const std::uint64_t each = t.dtype == "U8" ? 4 : 1;
      found.rows.push_back({t.name, std::string(t.dtype), name, t.shape, each * t.elements(),
                            t.data.size(), ours == names.end() ? "" : ours->second});
    }
  }
  return found;
}

struct Ternary {
  TritCounts trits;
  float scale = 0;
};

// By the model's names.
std::unordered_map<std::string, Ternary> count_all(const models::Model& model) {
  std::unordered_map<std::string, Ternary> counts;
  std::vector<std::function<void()>> tasks;
  std::size_t bytes = 0;
  for (const models::Layer& layer : model.layers)
    for (const models::LinearSlot& slot : models::linear_slots())
      if (const auto* w = std::get_if<models::TernaryMatrix>(&(layer.*slot.linear))) {
        Ternary& t = counts[w->name];  // its address stays when others come
        t.scale = w->gamma;
        bytes += w->bytes.size();
        tasks.emplace_back([w, &t] { t.trits = count_trits(*w); });
      }
  models::run_all(tasks, bytes);
  return counts;
}

double bits(std::uint64_t bytes, std::uint64_t weights) {
  return 8 * static_cast<double>(bytes) / static_cast<double>(weights);
}

ordered_json stats(const TritCounts& trits) {
  return {{"zero_fraction", trits.zero_fraction()},
          {"entropy_bits_per_weight", trits.entropy_bits()}};
}

// Matrices of a layer, or of all.
struct Sum {
  std::uint64_t weights = 0, bytes = 0, ternary_weights = 0, ternary_bytes = 0;
  TritCounts trits;

  void add(const Row& row, const Ternary* ternary) {
    weights += row.elements;
    bytes += row.bytes;
    if (ternary == nullptr) return;
    ternary_weights += row.elements;
    ternary_bytes += row.bytes;
    trits += ternary->trits;
  }
};

ordered_json layers_json(const models::Config& c, const std::vector<Row>& rows,
                         const std::unordered_map<std::string, Ternary>& ternary) {
  std::unordered_map<std::string, const Row*> by_name;
  for (const Row& row : rows)
    if (!row.model_name.empty()) by_name[row.model_name] = &row;
  ordered_json layers = ordered_json::array();
  for (std::size_t l = 0; l < c.layers; ++l) {
    Sum sum;
    ordered_json matrices = ordered_json::object();
    for (const models::LinearSlot& slot : models::linear_slots()) {
      const auto row = by_name.find(models::tensor_name(l, slot.name));
      if (row == by_name.end()) continue;
      const auto found = ternary.find(row->first);
      const Ternary* t = found == ternary.end() ? nullptr : &found->second;
      sum.add(*row->second, t);
      ordered_json& matrix = matrices[std::string(slot.name)] = {
          {"type", row->second->type},
          {"bits_per_weight", bits(row->second->bytes, row->second->elements)}};
      if (t != nullptr) {
        matrix["scale"] = t->scale;
        matrix.update(stats(t->trits));
      }
    }
    if (sum.weights == 0) continue;
    ordered_json layer = {{"layer", l},
                          {"weights", sum.weights},
                          {"bytes", sum.bytes},
                          {"bits_per_weight", bits(sum.bytes, sum.weights)}};
    if (sum.ternary_weights != 0) layer.update(stats(sum.trits));
    layer["linears"] = matrices;
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace

ordered_json inspect(const InspectOptions& o) {
  const bool directory = fs::is_directory(o.model);
  const Found found = directory ? read_hf(o.model) : read_gguf(o.model);
  std::unordered_map<std::string, Ternary> ternary;
  std::string name = found.config.name;
  if (o.weights) {
    const auto model = models::load_checkpoint(o.model, o.load);
    ternary = count_all(*model);
  }
  ordered_json tensors = ordered_json::array();
  Sum all;
  for (const Row& row : found.rows) {
    ordered_json tensor = {
        {"name", row.name}, {"type", row.type}, {"shape", row.shape}, {"bytes", row.bytes}};
    if (directory) tensor["file"] = row.file;
    const auto t = ternary.find(row.model_name);
    all.add(row, t == ternary.end() ? nullptr : &t->second);
    if (t != ternary.end()) {
      tensor["scale"] = t->second.scale;
      tensor.update(stats(t->second.trits));
    }
    tensors.push_back(tensor);
  }
  ordered_json totals = {{"weights", all.weights},
                         {"weight_bytes", all.bytes},
                         {"bits_per_weight", bits(all.bytes, all.weights)},
                         {"file_bytes", found.file_bytes}};
  if (all.ternary_weights != 0) {
    totals["ternary_weights"] = all.ternary_weights;
    totals["ternary_bytes"] = all.ternary_bytes;
    totals["ternary_bits_per_weight"] = bits(all.ternary_bytes, all.ternary_weights);
    totals["ternary"] = stats(all.trits);
  }
  return {{"schema", "tern.inspect"},
          {"schema_version", 1},
          {"provenance", provenance()},
          {"model", {{"path", o.model}, {"name", name}}},
          {"config", experiments::to_json(found.config)},
          {"config_hash", config_hash(found.config)},
          {"tokenizer", tokenizer_json(found.tokenizer)},
          {"keys", found.keys},
          {"tensors", tensors},
          {"layers", layers_json(found.config, found.rows, ternary)},
          {"totals", totals}};
}

}  // namespace tern::experiments
