// SPDX-License-Identifier: Apache-2.0
//
// The table of the f32 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulF32Fn matmul_f32_scalar;
#if defined(__x86_64__)
MatmulF32Fn matmul_f32_avx512bw, matmul_f32_avx2;
#elif defined(__aarch64__)
MatmulF32Fn matmul_f32_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulF32Fn>{"matmul_f32_avx512bw", Isa::kAvx512Bw, matmul_f32_avx512bw},
    Kernel<MatmulF32Fn>{"matmul_f32_avx2", Isa::kAvx2, matmul_f32_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulF32Fn>{"matmul_f32_neon", Isa::kNeon, matmul_f32_neon},
#endif
    Kernel<MatmulF32Fn>{"matmul_f32_scalar", Isa::kScalar, matmul_f32_scalar},
};

}  // namespace

std::span<const Kernel<MatmulF32Fn>> matmul_f32_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
