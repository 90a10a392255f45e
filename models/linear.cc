// SPDX-License-Identifier: Apache-2.0

#include "models/linear.h"

#include <stdexcept>

#include "kernels/check.h"
#include "kernels/quantize.h"

namespace tern::models {

std::size_t row_multiple(const TernaryMatrix& w) {
  return w.format == nullptr ? 1 : w.format->row_multiple;
}

void unpack_rows(const TernaryMatrix& w, std::size_t begin, std::size_t end, std::int8_t* trits) {
  TERN_CHECK(begin % row_multiple(w) == 0 && (end == w.rows || end % row_multiple(w) == 0),
             "rows that are packed with others are unpacked alone");
  if (w.format != nullptr) {
    float scale = 0;
    const kernels::FormatProblem problem =
        w.format->unpack(w.bytes.data(), w.rows, w.cols, begin, end, trits, &scale);
    if (problem) kernels::throw_problem(*w.format, problem, scale, w.cols, w.name);
    return;
  }
  for (std::size_t r = begin; r < end; ++r, trits += w.cols)
    if (kernels::unpack_t2(w.bytes.data() + r * kernels::t2_row_bytes(w.cols), w.cols, trits) !=
        w.cols)
      throw std::runtime_error(w.name + ": an illegal code in row " + std::to_string(r) +
                               ", where there was none; the file has changed");
}

kernels::F16View f16_view(const DenseMatrix& w) {
  if (w.format->name != "f16")
    throw std::runtime_error(w.name + ": is " + std::string(w.format->name) +
                             ", the simulated machines hold f16; tern convert makes it so");
  return w.view<kernels::f16>();
}

void LinearEngine::ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in) {
  for (const TernaryTask& task : tasks) {
    const std::size_t rows = task.w->rows;
    acc_.resize(in.tokens * rows);
    ternary(*task.w, in, acc_.data());
    for (std::size_t t = 0; t < in.tokens; ++t)
      kernels::dequantize(acc_.data() + t * rows, rows, task.w->gamma, in.scales[t],
                          task.y + t * rows, task.accumulate);
  }
}

}  // namespace tern::models
