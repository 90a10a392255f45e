// SPDX-License-Identifier: Apache-2.0
//
// A LinearEngine around another one that writes down what each product gave, so that runs on
// different engines can be held side by side product by product.

#pragma once

#include <vector>

#include "experiments/level.h"
#include "models/linear.h"

namespace tern::experiments {

class ObservedEngine final : public models::LinearEngine {
 public:
  explicit ObservedEngine(models::LinearEngine& inner) : inner_(inner) {}

  void ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
               std::int32_t* acc) override;
  void dense(const models::DenseMatrix& w, const float* x, std::size_t tokens, float* y) override;

  const std::vector<Product>& products() const { return products_; }

 private:
  models::LinearEngine& inner_;
  std::vector<Product> products_;
};

}  // namespace tern::experiments
