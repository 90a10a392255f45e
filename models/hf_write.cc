// SPDX-License-Identifier: Apache-2.0
//
// A model as a Hugging Face directory: the weights in shards, and what names them.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "kernels/bf16.h"
#include "kernels/f16.h"
#include "models/convert.h"
#include "models/hf_names.h"
#include "models/hf_write_config.h"
#include "models/safetensors_write.h"
#include "models/whole_file.h"

namespace tern::models {
namespace {

struct Dtype {
  std::string_view format, safetensors, torch;
};
constexpr std::array kDtypes = {Dtype{"bf16", "BF16", "bfloat16"}, Dtype{"f16", "F16", "float16"},
                                Dtype{"f32", "F32", "float32"}};

const Dtype* find_dtype(std::string_view format) {
  const auto* found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                   [&](const Dtype& d) { return d.format == format; });
  return found == kDtypes.end() ? nullptr : found;
}

std::string hf_format(const Linear& matrix, std::string_view slot, bool tied,
                      const ConvertOptions& o) {
  const std::optional<std::string> asked = asked_format(matrix, slot, tied, o);
  const bool may_be_packed = !slot.empty();
  if (asked) {
    if (find_dtype(*asked) == nullptr &&
        !(may_be_packed && (*asked == "hf_u8" || *asked == kMasterFormat)))
      throw std::runtime_error("Hugging Face directories hold no format '" + *asked +
                               "', expected one of f32, f16, bf16" +
                               (may_be_packed ? ", hf_u8, " + std::string(kMasterFormat) : ""));
    return *asked;
  }
  const bool ternary = std::holds_alternative<TernaryMatrix>(matrix);
  if (may_be_packed && (ternary || o.ternarize)) return "hf_u8";
  const std::string now(format_name(matrix));
  return find_dtype(now) != nullptr ? now : "f16";
}

// What config.json says of all linears.
HfLinears linears_of(const std::vector<ConvertTensor>& tensors, const ConvertOptions& o,
                     const Config& c) {
  std::string_view kind;
  for (const ConvertTensor& t : tensors) {
    if (t.slot.empty() || t.values != nullptr) continue;
    const std::string_view now =
        find_dtype(t.matrix.format) != nullptr ? "dense" : std::string_view(t.matrix.format);
    if (!kind.empty() && now != kind)
      throw std::runtime_error(
          "tensor " + t.name +
          ": a Hugging Face directory holds either ternary or dense linears: name one with "
          "--linears (and --ternarize)");
    kind = now;
  }
  if (kind == kMasterFormat) return HfLinears::kMasters;
  if (kind != "hf_u8") return HfLinears::kFloat;
  const std::string linear_class = !o.linear_class.empty()     ? o.linear_class
                                   : c.architecture == "llama" ? "bitlinear"
                                                               : "autobitlinear";
  return linear_class == "bitlinear" ? HfLinears::kPackedOver : HfLinears::kPacked;
}

// The first type in which every value is itself, the model's own before others.
const Dtype& exact_dtype(std::span<const float> values, std::string_view own) {
  const auto holds = [&](std::string_view format) {
    return std::all_of(values.begin(), values.end(), [&](float v) {
      if (format == "bf16") return kernels::bf16_to_f32(kernels::f32_to_bf16(v)) == v;
      if (format == "f16") return kernels::f16_to_f32(kernels::f32_to_f16(v)) == v;
      return true;
    });
  };
  if (holds(own)) return *find_dtype(own);
  for (const Dtype& d : kDtypes)
    if (holds(d.format)) return d;
  return kDtypes.back();
}

SafeTensorStream floats(std::string name, std::vector<float> values, std::string_view own) {
  const Dtype& dtype = exact_dtype(values, own);
  const std::uint64_t n = values.size();
  return {std::move(name),
          dtype.safetensors,
          {n},
          [values = std::move(values), &dtype](const EmitBytes& emit) {
            const kernels::DenseFormat& format = kernels::dense_format(dtype.format);
            std::vector<std::uint8_t> bytes(format.bytes(values.size()));
            format.pack(values.data(), values.size(), bytes.data());
            emit(std::as_bytes(std::span(bytes)));
          }};
}

// weight_scale of a scale: itself, or the number whose reciprocal comes nearest, in bfloat16 where
// that is as near as float32.
float stored_scale(float gamma, bool over) {
  if (!over) return gamma;
  const float middle = 1 / gamma;
  float best = kernels::bf16_to_f32(kernels::f32_to_bf16(middle));
  if (1 / best == gamma) return best;
  best = middle;
  for (const float near : {std::nextafter(middle, 0.0f), std::nextafter(middle, 2 * middle)})
    if (std::fabs(1 / near - gamma) < std::fabs(1 / best - gamma)) best = near;
  return best;
}

struct Weights {
  std::vector<SafeTensorStream> tensors;  // in the order of the model
  HfLinears linears;
  std::string_view dtype;  // torch's name
};

Weights plan_weights(const std::vector<ConvertTensor>& planned, const ConvertOptions& o,
                     const Config& c, ConvertReport& report) {
  Weights w{{}, linears_of(planned, o, c), ""};
  const std::string_view own = planned.front().matrix.format;  // the embedding's
  w.dtype = find_dtype(own)->torch;
  std::size_t matrix = 0;
  for (const ConvertTensor& t : planned) {
    const std::string base = t.slot.empty() ? "" : hf_layer_name(t.layer, t.slot);
    const std::string name = !base.empty()                   ? base + ".weight"
                             : t.name == "token_embd.weight" ? kHfEmbedding
                             : t.name == "output.weight"     ? kHfHead
                                                             : kHfOutputNorm;
    if (t.values != nullptr) {
      w.tensors.push_back(floats(name, *t.values, own));
      continue;
    }
    MatrixReport& row = report.matrices[matrix++];
    const MatrixStream& m = t.matrix;
    if (m.format == "hf_u8") {
      w.tensors.push_back({name, "U8", {m.rows / 4, m.cols}, m.produce});
      const bool over = w.linears == HfLinears::kPackedOver;
      const float scale = stored_scale(m.gamma, over);
      const float read = over ? 1 / scale : scale;
      w.tensors.push_back(floats(base + ".weight_scale", {scale}, own));
      // produce() knows nothing of a scale that is not in its bytes.
      w.tensors[w.tensors.size() - 2].produce = [produce = m.produce, read,
                                                 &row](const EmitBytes& emit) {
        produce(emit);
        row.scale_written = read;
        row.max_error = std::fabs(static_cast<double>(read) - row.scale);
      };
    } else {
      const std::string_view format =
          m.format == kMasterFormat ? "bf16" : std::string_view(m.format);
      w.tensors.push_back({name, find_dtype(format)->safetensors, {m.rows, m.cols}, m.produce});
    }
  }
  return w;
}

std::vector<std::vector<SafeTensorStream>> shards_of(std::vector<SafeTensorStream> tensors,
                                                     std::uint64_t most) {
  std::vector<std::vector<SafeTensorStream>> shards(1);
  std::uint64_t bytes = 0;
  for (SafeTensorStream& t : tensors) {
    if (bytes != 0 && bytes + t.bytes() > most) {
      shards.emplace_back();
      bytes = 0;
    }
    bytes += t.bytes();
    shards.back().push_back(std::move(t));
  }
  for (auto& shard : shards) sort_safetensors(shard);
  return shards;
}

}  // namespace

bool convert_to_hf(const Model& model, const TokenizerData& tokenizer, const std::string& directory,
                   const ConvertOptions& o, kernels::ThreadPool& pool,
                   const ConvertProgress& progress, ConvertReport& report) {
  const Config& c = model.config;
  if (c.tied_head) check_tied(o);
  const auto planned = plan_tensors(
      model, RopePairing::kHalfSplit, o.ternarize, pool,
      [&](const Linear& m, std::string_view slot) { return hf_format(m, slot, c.tied_head, o); },
      report.matrices);
  note_activations(report);
  Weights weights = plan_weights(planned, o, c, report);
  const std::string config =
      hf_config_text(c, tokenizer, model.rope_divisors, weights.linears, weights.dtype);
  std::size_t total = weights.tensors.size(), done = 0;
  const auto shards = shards_of(std::move(weights.tensors), o.shard_bytes);

  WholeDirectory out(directory);
  const auto write = [&](const std::string& name, const std::string& text) {
    write_whole_file(out.path_of(name), text);
    report.files.push_back(name);
    report.bytes += text.size();
  };
  nlohmann::ordered_json map = nlohmann::ordered_json::object();
  std::uint64_t bytes = 0;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::string name =
        shards.size() == 1 ? "model.safetensors"
                           : fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    const auto before = [&](std::size_t i) { return progress(done++, total, shards[s][i].name); };
    if (!write_safetensors(out.path_of(name), shards[s], before)) return false;
    report.files.push_back(name);
    for (const SafeTensorStream& t : shards[s]) {
      map[t.name] = name;
      bytes += t.bytes();
    }
  }
  report.bytes += bytes;
  if (shards.size() > 1)
    write(
        "model.safetensors.index.json",
        nlohmann::ordered_json{{"metadata", {{"total_size", bytes}}}, {"weight_map", map}}.dump(2) +
            "\n");
  write("config.json", config);
  if (!tokenizer.tokens.empty()) {
    write("generation_config.json", hf_generation_config_text(tokenizer));
    write("tokenizer_config.json", hf_tokenizer_config_text(c, tokenizer));
    const NamedText file = hf_tokenizer_file(tokenizer);
    write(file.name, file.text);
  }
  out.finish();
  return true;
}

}  // namespace tern::models
