// SPDX-License-Identifier: Apache-2.0
//
// The table of the e4m3 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulF8Fn matmul_e4m3_scalar;
#if defined(__x86_64__)
MatmulF8Fn matmul_e4m3_avx512bw, matmul_e4m3_avx2;
#elif defined(__aarch64__)
MatmulF8Fn matmul_e4m3_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulF8Fn>{"matmul_e4m3_avx512bw", Isa::kAvx512Bw, matmul_e4m3_avx512bw},
    Kernel<MatmulF8Fn>{"matmul_e4m3_avx2", Isa::kAvx2, matmul_e4m3_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulF8Fn>{"matmul_e4m3_neon", Isa::kNeon, matmul_e4m3_neon},
#endif
    Kernel<MatmulF8Fn>{"matmul_e4m3_scalar", Isa::kScalar, matmul_e4m3_scalar},
};

}  // namespace

std::span<const Kernel<MatmulF8Fn>> matmul_e4m3_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
