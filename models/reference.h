// SPDX-License-Identifier: Apache-2.0
//
// The same network written to be checked by eye against shared/reference/bitnet.md, in float64,
// sharing no code with the fast path. Ternary linears quantise activations as the numerics contract
// says; FP16 weights meet unrounded activations. Slow.

#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "models/decoder.h"
#include "models/model.h"

namespace tern::models {

class Reference : public Decoder {
 public:
  // Borrows the model. Where `go_on`, which is asked some thousand times a second, says no, a pass
  // throws Interrupted: what it began of a token is as if it had not come.
  explicit Reference(const Model& model, std::function<bool()> go_on = {});

  std::span<const float> forward(std::span<const TokenId> tokens) override;
  void forward_all(std::span<const TokenId> tokens, float* logits) override;
  std::size_t position() const override { return position_; }
  std::size_t context() const override { return model_.config.context; }
  void reset() override { truncate(0); }
  void truncate(std::size_t position) override;

  // The smallest distance of any quantised x * s from a rounding tie so far: closer ties than a
  // float32 error away, another implementation may round otherwise.
  double tie_distance() const { return tie_distance_; }

  // Of the last token: the input of each layer, then what the head multiplies.  [layers + 1, dim]
  const std::vector<std::vector<double>>& hidden_states() const { return hidden_; }

 private:
  using Vector = std::vector<double>;

  Vector step(TokenId token);    // as layers(), whole or not at all
  Vector layers(TokenId token);  // the hidden state after the last layer
  Vector logits(const Vector& hidden);
  Vector norm(const Vector& x, const std::vector<float>& weight) const;
  Vector times(const Linear& w, const Vector& x);
  Vector times_ternary(const TernaryMatrix& w, const Vector& x);
  Vector attend(std::size_t layer, const Vector& q) const;
  void rotate(Vector& x) const;

  void ask_to_go_on(std::size_t row) const;
  Vector times_dense(const DenseMatrix& w, const Vector& x) const;

  const Model& model_;
  std::function<bool()> go_on_;
  std::vector<std::vector<Vector>> keys_, values_;  // [layer][position][kv_dim]
  std::size_t position_ = 0;
  std::vector<float> logits_;
  double tie_distance_ = 0.5;
  std::vector<Vector> hidden_;
};

}  // namespace tern::models
