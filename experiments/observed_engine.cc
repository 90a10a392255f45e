// SPDX-License-Identifier: Apache-2.0

#include "experiments/observed_engine.h"

#include "experiments/hash.h"

namespace tern::experiments {

void ObservedEngine::ternary(const models::TernaryMatrix& w, const models::TernaryInput& in,
                             std::int32_t* acc) {
  inner_.ternary(w, in, acc);
  const std::size_t n = in.tokens * w.rows;
  products_.push_back({w.name, in.tokens, n, n * w.cols, hash_bytes(acc, n * sizeof *acc)});
}

void ObservedEngine::dense(const models::DenseMatrix& w, const float* x, std::size_t tokens,
                           float* y) {
  inner_.dense(w, x, tokens, y);
  const std::size_t n = tokens * w.rows;
  products_.push_back({w.name, tokens, n, n * w.cols, hash_bytes(y, n * sizeof *y)});
}

}  // namespace tern::experiments
