// SPDX-License-Identifier: Apache-2.0
//
// What the FP16 engine computes (rtl/float): for each step of N columns the exact sum of the
// products, rounded once to binary32; these are added up in binary32. All to nearest even.

#pragma once

#include <cstddef>

namespace tern::sim {

// w, x: [cols], binary16 values; cols a multiple of lanes. A result that is not a number is
// 0x7fc00000.
float fp16_dot(const float* w, const float* x, std::size_t cols, std::size_t lanes);

}  // namespace tern::sim
