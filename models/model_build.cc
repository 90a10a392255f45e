// SPDX-License-Identifier: Apache-2.0
//
// A model straight from master weights, without a file.

#include <stdexcept>

#include "kernels/check.h"
#include "models/model.h"
#include "models/packing.h"

namespace tern::models {
namespace {

template <typename T>
const T* keep(Model& model, std::vector<T> data) {
  const auto owned = std::make_shared<const std::vector<T>>(std::move(data));
  model.storage.push_back(owned);
  return owned->data();
}

DenseMatrix f16_matrix(Model& model, const std::string& name, const std::vector<float>& w,
                       std::size_t rows, std::size_t cols) {
  TERN_CHECK(w.size() == rows * cols, "master weights of another shape");
  return {name, rows, cols, &kernels::dense_format("f16"),
          reinterpret_cast<const std::uint8_t*>(keep(model, pack_f16(w, name)))};
}

}  // namespace

std::unique_ptr<const Model> build_model(const MasterWeights& master,
                                         std::optional<Tokenizer> tokenizer, Flavour flavour) {
  const Config& c = master.config;
  check(c, "model");
  TERN_CHECK(master.layers.size() == c.layers, "master weights of another depth");
  TERN_CHECK(master.output.empty() == c.tied_head, "an untied head needs output weights");
  auto model = std::make_unique<Model>();
  model->config = c;
  model->tokenizer = std::move(tokenizer);
  model->token_embd = f16_matrix(*model, "token_embd.weight", master.token_embd, c.vocab, c.dim);
  if (!c.tied_head)
    model->output = f16_matrix(*model, "output.weight", master.output, c.vocab, c.dim);
  model->output_norm = master.output_norm;
  model->layers.resize(c.layers);
  for (std::size_t l = 0; l < c.layers; ++l) {
    for (const NormSlot& slot : norm_slots()) {
      const std::size_t size = slot.sub_norm && !c.sub_norms ? 0 : slot.size(c);
      TERN_CHECK((master.layers[l].*slot.master).size() == size, "a norm of another length");
      model->layers[l].*slot.norm = master.layers[l].*slot.master;
    }
    for (const LinearSlot& slot : linear_slots()) {
      const std::string name = tensor_name(l, slot.name);
      const std::vector<float>& w = master.layers[l].*slot.master;
      const std::size_t rows = slot.rows(c), cols = slot.cols(c);
      if (flavour == Flavour::kF16) {
        model->layers[l].*slot.linear = f16_matrix(*model, name, w, rows, cols);
        continue;
      }
      PackedTernary packed = pack_ternary(w, rows, cols, name);
      const std::size_t bytes = packed.t2.size();
      const std::uint8_t* data = keep(*model, std::move(packed.t2));
      model->layers[l].*slot.linear = TernaryMatrix{name, rows, cols, packed.gamma, {data, bytes}};
    }
  }
  return model;
}

}  // namespace tern::models
