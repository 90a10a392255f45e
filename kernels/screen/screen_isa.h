// SPDX-License-Identifier: Apache-2.0
//
// The rows of screen.h, each of its own file.

#pragma once

#include "kernels/screen/screen.h"

namespace tern::kernels {

#if defined(__x86_64__)
extern const ScreenFns screen_avx512vnni, screen_avx2;
#endif
extern const ScreenFns screen_scalar;

}  // namespace tern::kernels
