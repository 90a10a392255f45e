// SPDX-License-Identifier: Apache-2.0
//
// Root-mean-square norm (Zhang and Sennrich, arXiv 1910.07467).

#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "models/vector_ops.h"

namespace tern::models {

// y = x / sqrt(mean(x^2) + eps) * weight, per token. x and y [tokens, weight.size()], may be equal.
inline void rms_norm(const float* x, std::size_t tokens, const std::vector<float>& weight,
                     float eps, const VectorOps& ops, float* y) {
  const std::size_t n = weight.size();
  for (std::size_t t = 0; t < tokens; ++t, x += n, y += n) {
    const float mean = ops.dot(x, x, n) / static_cast<float>(n);
    ops.scale(x, 1.0f / std::sqrt(mean + eps), weight.data(), n, y);
  }
}

}  // namespace tern::models
