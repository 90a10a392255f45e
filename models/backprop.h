// SPDX-License-Identifier: Apache-2.0
//
// Loss and gradients of the transformer of models/transformer.h on a batch of sequences, in
// float32. In the ternary flavour, linears see quantised activations and the gradient passes both
// quantisers unchanged (straight-through estimator: Bengio et al., arXiv 1308.3432; as BitNet uses
// it, arXiv 2310.11453 section 2.2).

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/flavour.h"
#include "models/parameters.h"
#include "models/tokenizer.h"

namespace tern::models {

// Sequences one after the other; sequence i is tokens [starts[i], starts[i + 1]).
struct Batch {
  std::vector<TokenId> inputs, targets;
  std::vector<std::size_t> starts = {0};

  std::size_t tokens() const { return inputs.size(); }
  std::size_t sequences() const { return starts.size() - 1; }
  // Appends the pairs (ids[i], ids[i + 1]).
  void append(std::span<const TokenId> ids);
  Batch slice(std::size_t begin, std::size_t end) const;  // sequences [begin, end)
};

// What the forward pass multiplies with: for the ternary flavour each linear W becomes
// gamma * T of the numerics contract; everything else stays.
void effective_parameters(const ParameterLayout& layout, Flavour flavour,
                          const std::vector<float>& master, std::vector<float>& effective);

class Backprop {
 public:
  Backprop(const Config& config, Flavour flavour);
  ~Backprop();
  Backprop(Backprop&&) noexcept;
  Backprop& operator=(Backprop&&) noexcept;

  // The sum over the batch of -ln p(target). Where `gradients` is not null, adds to it
  // scale * d(loss) / d(effective): by the straight-through estimator also the gradient of the
  // master weights.
  double run(const std::vector<float>& effective, const Batch& batch, float scale,
             std::vector<float>* gradients);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tern::models
