// SPDX-License-Identifier: Apache-2.0
//
// The rows of attention.h, each of its own file.

#pragma once

#include "kernels/attention/attention.h"

namespace tern::kernels {

#if defined(__x86_64__)
extern const AttentionFns attention_avx512bw, attention_avx2;
#elif defined(__aarch64__)
extern const AttentionFns attention_neon;
#endif
extern const AttentionFns attention_scalar;

}  // namespace tern::kernels
