// SPDX-License-Identifier: Apache-2.0

#include "models/linear.h"

#include "kernels/quantize.h"

namespace tern::models {

void LinearEngine::ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in) {
  for (const TernaryTask& task : tasks) {
    const std::size_t rows = task.w->packed.rows;
    acc_.resize(in.tokens * rows);
    ternary(*task.w, in, acc_.data());
    for (std::size_t t = 0; t < in.tokens; ++t)
      kernels::dequantize(acc_.data() + t * rows, rows, task.w->gamma, in.scales[t],
                          task.y + t * rows, task.accumulate);
  }
}

}  // namespace tern::models
