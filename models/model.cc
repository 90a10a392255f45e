// SPDX-License-Identifier: Apache-2.0

#include "models/model.h"

namespace tern::models {
namespace {

using Master = MasterWeights::Layer;

std::size_t dim(const Config& c) { return c.dim; }
std::size_t q_dim(const Config& c) { return c.q_dim(); }
std::size_t kv_dim(const Config& c) { return c.kv_dim(); }
std::size_t ffn(const Config& c) { return c.ffn; }

constexpr std::array<LinearSlot, 7> kLinears = {{
    {"attn_q", &Master::attn_q, &Layer::attn_q, q_dim, dim},
    {"attn_k", &Master::attn_k, &Layer::attn_k, kv_dim, dim},
    {"attn_v", &Master::attn_v, &Layer::attn_v, kv_dim, dim},
    {"attn_output", &Master::attn_output, &Layer::attn_output, dim, q_dim},
    {"ffn_gate", &Master::ffn_gate, &Layer::ffn_gate, ffn, dim},
    {"ffn_up", &Master::ffn_up, &Layer::ffn_up, ffn, dim},
    {"ffn_down", &Master::ffn_down, &Layer::ffn_down, dim, ffn},
}};

constexpr std::array<NormSlot, 4> kNorms = {{
    {"attn_norm", &Master::attn_norm, &Layer::attn_norm, dim, false},
    {"attn_sub_norm", &Master::attn_sub_norm, &Layer::attn_sub_norm, q_dim, true},
    {"ffn_norm", &Master::ffn_norm, &Layer::ffn_norm, dim, false},
    {"ffn_sub_norm", &Master::ffn_sub_norm, &Layer::ffn_sub_norm, ffn, true},
}};

}  // namespace

const std::array<LinearSlot, 7>& linear_slots() noexcept { return kLinears; }
const std::array<NormSlot, 4>& norm_slots() noexcept { return kNorms; }

std::string tensor_name(std::size_t layer, std::string_view slot) {
  return "blk." + std::to_string(layer) + "." + std::string(slot) + ".weight";
}

std::size_t rows_of(const Linear& linear) {
  if (const auto* t = std::get_if<TernaryMatrix>(&linear)) return t->rows;
  return std::get<DenseMatrix>(linear).rows;
}

std::size_t cols_of(const Linear& linear) {
  if (const auto* t = std::get_if<TernaryMatrix>(&linear)) return t->cols;
  return std::get<DenseMatrix>(linear).cols;
}

const std::string& name_of(const Linear& linear) {
  return std::visit([](const auto& m) -> const std::string& { return m.name; }, linear);
}

}  // namespace tern::models
