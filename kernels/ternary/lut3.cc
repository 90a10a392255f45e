// SPDX-License-Identifier: Apache-2.0
//
// The table of the lut3 family: triples with mirror symmetry.

#include <array>

#include "kernels/ternary/ternary.h"

namespace tern::kernels {

TernaryFn matmul_lut3_scalar;
#if defined(__x86_64__)
TernaryFn matmul_lut3_avx2, matmul_lut3_avx512bw;
#elif defined(__aarch64__)
TernaryFn matmul_lut3_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_lut3_avx512bw", Isa::kAvx512Bw, matmul_lut3_avx512bw},
    Kernel<TernaryFn>{"matmul_lut3_avx2", Isa::kAvx2, matmul_lut3_avx2},
#elif defined(__aarch64__)
    Kernel<TernaryFn>{"matmul_lut3_neon", Isa::kNeon, matmul_lut3_neon},
#endif
    Kernel<TernaryFn>{"matmul_lut3_scalar", Isa::kScalar, matmul_lut3_scalar},
};

}  // namespace

std::span<const Kernel<TernaryFn>> matmul_lut3_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
