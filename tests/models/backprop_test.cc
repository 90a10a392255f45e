// SPDX-License-Identifier: Apache-2.0
//
// State space: every tensor of small transformers in every variant (activation, sub-norms, tied
// head, RoPE pairing, GQA), gradients against central differences of the loss; in the ternary
// flavour the tensors behind the last quantiser, where the straight-through estimator is exact.
// Parameters: shapes with widths on both sides of a SIMD register.

#include "models/backprop.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "kernels/quantize.h"

namespace tern::models {
namespace {

Config small() {
  Config c;
  c.vocab = 37;
  c.context = 24;
  c.dim = 24;
  c.layers = 2;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_dim = 6;
  c.ffn = 40;
  return c;
}

Batch random_batch(const Config& c, std::vector<std::size_t> lengths, unsigned seed) {
  std::mt19937 rng(seed);
  Batch batch;
  for (const std::size_t length : lengths) {
    std::vector<TokenId> ids(length + 1);
    for (TokenId& id : ids) id = static_cast<TokenId>(rng() % c.vocab);
    batch.append(ids);
  }
  return batch;
}

// The slope of the loss along the gradient of one tensor must be the gradient's length.
void check_slope(Backprop& backprop, const std::vector<float>& at, const Batch& batch,
                 const TensorSlot& slot, const std::vector<float>& gradients, double bound) {
  double squares = 0;
  for (std::size_t i = slot.offset; i < slot.offset + slot.size(); ++i)
    squares += double{gradients[i]} * double{gradients[i]};
  const double length = std::sqrt(squares);
  REQUIRE(length > 1e-3);
  const double h = 2e-3;
  const auto loss_at = [&](double step) {
    std::vector<float> moved = at;
    for (std::size_t i = slot.offset; i < slot.offset + slot.size(); ++i)
      moved[i] = static_cast<float>(double{at[i]} + step * double{gradients[i]} / length);
    return backprop.run(moved, batch, 1, nullptr);
  };
  const double slope = (loss_at(h) - loss_at(-h)) / (2 * h);
  INFO("tensor at " << slot.offset << " of " << slot.rows << " x " << slot.cols);
  CHECK(slope == Approx(length).epsilon(bound));
}

TEST_CASE("every gradient is the slope of the loss", "[models][backprop]") {
  Config c = small();
  c.activation = GENERATE(Activation::kRelu2, Activation::kSilu);
  c.sub_norms = GENERATE(true, false);
  c.tied_head = GENERATE(true, false);
  c.pairing = c.tied_head ? RopePairing::kHalfSplit : RopePairing::kAdjacent;
  CAPTURE(c.sub_norms, c.tied_head);
  const ParameterLayout layout(c);
  std::vector<float> parameters = initial_parameters(layout, 3);
  // An embedding of size one keeps the first norm, and with it the loss, from bending sharply.
  for (std::size_t i = 0; i < layout.token_embd.size(); ++i) parameters[i] *= 40.0f;
  const Batch batch = random_batch(c, {9, 1, 14}, 4);
  Backprop backprop(c, Flavour::kF16);
  std::vector<float> gradients(layout.size, 0.0f);
  backprop.run(parameters, batch, 1, &gradients);
  for (const TensorSlot& slot : layout.all)
    check_slope(backprop, parameters, batch, slot, gradients, 0.02);
}

TEST_CASE("the ternary gradient is exact behind the last quantiser", "[models][backprop]") {
  const Config c = small();
  const ParameterLayout layout(c);
  std::vector<float> effective;
  effective_parameters(layout, Flavour::kTernary, initial_parameters(layout, 5), effective);
  const Batch batch = random_batch(c, {9, 14}, 6);
  Backprop backprop(c, Flavour::kTernary);
  std::vector<float> gradients(layout.size, 0.0f);
  backprop.run(effective, batch, 1, &gradients);
  check_slope(backprop, effective, batch, layout.output_norm, gradients, 0.01);
  check_slope(backprop, effective, batch, layout.layers.back().ffn_down, gradients, 0.01);
}

TEST_CASE("the ternary flavour multiplies with gamma T and nothing else changes",
          "[models][backprop]") {
  const ParameterLayout layout(small());
  const std::vector<float> master = initial_parameters(layout, 7);
  std::vector<float> effective;
  effective_parameters(layout, Flavour::kTernary, master, effective);
  for (const TensorSlot& slot : layout.all) {
    double sum = 0;
    for (std::size_t i = 0; i < slot.size(); ++i) sum += std::abs(double{master[slot.offset + i]});
    const auto gamma = static_cast<float>(sum / static_cast<double>(slot.size()));
    for (std::size_t i = slot.offset; i < slot.offset + slot.size(); ++i) {
      if (slot.kind != TensorKind::kLinear) {
        REQUIRE(effective[i] == master[i]);
      } else {
        const float expected =
            std::abs(master[i]) > gamma / 2 ? std::copysign(gamma, master[i]) : 0;
        REQUIRE(effective[i] == Approx(expected).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("sequences of a batch do not see each other", "[models][backprop]") {
  const Config c = small();
  const ParameterLayout layout(c);
  const std::vector<float> parameters = initial_parameters(layout, 8);
  const Batch both = random_batch(c, {9, 14}, 9);
  for (const Flavour flavour : {Flavour::kTernary, Flavour::kF16}) {
    Backprop backprop(c, flavour);
    const double apart = backprop.run(parameters, both.slice(0, 1), 1, nullptr) +
                         backprop.run(parameters, both.slice(1, 2), 1, nullptr);
    CHECK(backprop.run(parameters, both, 1, nullptr) == Approx(apart).epsilon(1e-6));
  }
}

}  // namespace
}  // namespace tern::models
