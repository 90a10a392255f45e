// SPDX-License-Identifier: Apache-2.0

#include "kernels/roofline/steps.h"

#include <vector>

#include "kernels/roofline/peak_loops.h"

namespace tern::kernels {

#if defined(__x86_64__)
PeakLoops step_loops_amx() noexcept;
PeakLoops step_loops_avx512bw() noexcept;
PeakLoops step_loops_avx2() noexcept;
#endif

std::span<const PeakLoop> step_loops() noexcept {
#if defined(__x86_64__)
  static const std::vector<PeakLoop> table = [] {
    std::vector<PeakLoop> rows;
    for (const PeakLoops part : {step_loops_amx(), step_loops_avx512bw(), step_loops_avx2()})
      rows.insert(rows.end(), part.begin(), part.end());
    return rows;
  }();
  return table;
#else
  return {};
#endif
}

}  // namespace tern::kernels
