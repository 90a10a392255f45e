// SPDX-License-Identifier: Apache-2.0
//
// The table of the lut2 family: pairs.

#include <array>

#include "kernels/ternary/ternary.h"

namespace tern::kernels {

TernaryFn matmul_lut2_scalar;
#if defined(__x86_64__)
TernaryFn matmul_lut2_avx2, matmul_lut2_avx512bw;
#elif defined(__aarch64__)
TernaryFn matmul_lut2_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_lut2_avx512bw", Isa::kAvx512Bw, matmul_lut2_avx512bw},
    Kernel<TernaryFn>{"matmul_lut2_avx2", Isa::kAvx2, matmul_lut2_avx2},
#elif defined(__aarch64__)
    Kernel<TernaryFn>{"matmul_lut2_neon", Isa::kNeon, matmul_lut2_neon},
#endif
    Kernel<TernaryFn>{"matmul_lut2_scalar", Isa::kScalar, matmul_lut2_scalar},
};

}  // namespace

std::span<const Kernel<TernaryFn>> matmul_lut2_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
