// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <deque>
#include <stdexcept>
#include <variant>

#include "kernels/check.h"
#include "kernels/formats/formats.h"
#include "models/checkpoint.h"
#include "models/gguf_metadata.h"
#include "models/packing.h"

namespace tern::models {
namespace {

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
    check_metadata(master.config, tokenizer);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(path + ": " + e.what());
  }
  GgufValues values = gguf_metadata(master.config, tokenizer,
                                    gguf_file_type(flavour == Flavour::kTernary ? "i2_s" : "f16"));
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
