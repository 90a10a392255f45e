// SPDX-License-Identifier: Apache-2.0
//
// The inner steps of kernels on operands from the first cache level, with nothing around them:
// what is left of a peak once operands must be loaded and sums added up. They are no limits but
// experiments, which show what binds a kernel that stays far below the peak.

#pragma once

#include <span>

#include "kernels/roofline/peak.h"

namespace tern::kernels {

// Named step_<datatype>_<what it does>_<isa>, with the contract of PeakFn. Those of this
// architecture, those that the host lacks included; none where none was needed.
std::span<const PeakLoop> step_loops() noexcept;

}  // namespace tern::kernels
