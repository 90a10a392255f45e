// SPDX-License-Identifier: Apache-2.0

#include "models/convert.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "models/architecture.h"
#include "models/gguf_metadata.h"
#include "models/gguf_write.h"
#include "models/rope_scaling.h"

namespace tern::models {
namespace {

// The format that holds most of the weights of linears, as general.file_type says.
std::string main_format(const std::vector<ConvertTensor>& tensors) {
  std::map<std::string, std::uint64_t> weights;
  for (const ConvertTensor& t : tensors)
    if (!t.slot.empty() && t.values == nullptr)
      weights[t.matrix.format] += t.matrix.rows * t.matrix.cols;
  return std::max_element(weights.begin(), weights.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

std::string gguf_format(const Linear& matrix, std::string_view slot, bool tied,
                        const ConvertOptions& o) {
  std::string format(format_name(matrix));
  if (const auto asked = asked_format(matrix, slot, tied, o)) {
    format = *asked;
  } else {
    const bool quantise =
        !slot.empty() && o.ternarize && std::holds_alternative<DenseMatrix>(matrix);
    if (quantise || !find_tensor_type(format)) format = "i2_s";
  }
  (void)gguf_tensor_type(format);  // or it throws
  if (slot.empty()) (void)kernels::dense_format(format);
  return format;
}

void emit_floats(const std::vector<float>& values, const EmitBytes& emit) {
  emit(std::as_bytes(std::span(values)));
}

}  // namespace

std::optional<std::string> asked_format(const Linear& matrix, std::string_view slot, bool tied,
                                        const ConvertOptions& o) {
  if (!slot.empty()) return o.linears;
  if (tied) return o.head ? o.head : o.embeddings;
  return name_of(matrix) == "output.weight" ? o.head : o.embeddings;
}

std::vector<ConvertTensor> plan_tensors(
    const Model& model, RopePairing pairing, bool ternarize, kernels::ThreadPool& pool,
    const std::function<std::string(const Linear&, std::string_view)>& choose,
    std::deque<MatrixReport>& reports) {
  const Config& c = model.config;
  std::vector<ConvertTensor> tensors;
  const auto matrix = [&](std::size_t layer, std::string_view slot, const Linear& source) {
    RowOrder order;
    if (slot == "attn_q" || slot == "attn_k") order = {c.pairing, pairing, c.head_dim};
    tensors.push_back({layer, slot, name_of(source), nullptr,
                       convert_matrix(source, order, choose(source, slot), ternarize, pool,
                                      reports.emplace_back())});
  };
  const auto vector = [&](std::size_t layer, std::string_view slot, std::string name,
                          const std::vector<float>& values) {
    tensors.push_back({layer, slot, std::move(name), &values, {}});
  };
  matrix(0, "", model.token_embd);
  for (std::size_t l = 0; l < c.layers; ++l) {
    const Layer& layer = model.layers[l];
    for (const NormSlot& slot : norm_slots())
      if (c.sub_norms || !slot.sub_norm)
        vector(l, slot.name, tensor_name(l, slot.name), layer.*slot.norm);
    for (const LinearSlot& slot : linear_slots()) matrix(l, slot.name, layer.*slot.linear);
  }
  vector(0, "", "output_norm.weight", model.output_norm);
  if (model.output) matrix(0, "", *model.output);
  return tensors;
}

void check_tied(const ConvertOptions& o) {
  if (o.head && o.embeddings && *o.head != *o.embeddings)
    throw std::runtime_error("--head " + *o.head + " and --embeddings " + *o.embeddings +
                             ": head and embedding of this model are one tensor");
}

void note_activations(ConvertReport& report) {
  const auto lost = [](const MatrixReport& r) { return r.from_ternary && !r.ternary; };
  const auto first = std::find_if(report.matrices.begin(), report.matrices.end(), lost);
  if (first == report.matrices.end()) return;
  report.notes.push_back(
      std::to_string(std::count_if(first, report.matrices.end(), lost)) +
      " ternary linears become " + first->to +
      ", which multiplies activations as they are and not in INT8: the results change");
}

bool convert_to_gguf(const Model& model, const TokenizerData& tokenizer, const std::string& path,
                     const ConvertOptions& o, kernels::ThreadPool& pool,
                     const ConvertProgress& progress, ConvertReport& report) {
  Config config = model.config;
  if (!o.name.empty()) config.name = o.name;
  config.pairing = find_architecture(config.architecture)->pairing;
  if (config.tied_head) check_tied(o);
  check_metadata(config, tokenizer);
  const auto tensors = plan_tensors(
      model, config.pairing, o.ternarize, pool,
      [&](const Linear& m, std::string_view slot) {
        return gguf_format(m, slot, config.tied_head, o);
      },
      report.matrices);
  note_activations(report);
  std::vector<TensorStream> streams;
  GgufValues values = gguf_metadata(config, tokenizer, gguf_file_type(main_format(tensors)));
  // As llama.cpp's converter has it: one factor is a key, which every architecture's reader knows,
  // many are a tensor, which llama.cpp's reader of "bitnet" does not.
  if (const auto factor = find_linear_rope(model.rope_divisors)) {
    values.emplace_back(config.architecture + ".rope.scaling.type", GgufValue::string("linear"));
    values.emplace_back(config.architecture + ".rope.scaling.factor", GgufValue::f32(*factor));
  } else if (!model.rope_divisors.empty()) {
    streams.push_back({"rope_freqs.weight",
                       {model.rope_divisors.size()},
                       TensorType::kF32,
                       [&](const EmitBytes& emit) { emit_floats(model.rope_divisors, emit); }});
  }
  for (const ConvertTensor& t : tensors) {
    if (t.values != nullptr)
      streams.push_back({t.name, {t.values->size()}, TensorType::kF32, [&t](const EmitBytes& emit) {
                           emit_floats(*t.values, emit);
                         }});
    else {
      check_gguf_shape(t.matrix.format, t.matrix.rows, t.matrix.cols, t.name);
      streams.push_back({t.name,
                         {t.matrix.cols, t.matrix.rows},
                         gguf_tensor_type(t.matrix.format),
                         t.matrix.produce});
    }
  }
  report.files = {path};
  report.bytes = gguf_bytes(values, streams);
  return write_gguf(path, values, streams,
                    [&](std::size_t i) { return progress(i, streams.size(), streams[i].name); });
}

}  // namespace tern::models
