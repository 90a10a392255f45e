// SPDX-License-Identifier: Apache-2.0
//
// The table of the e5m2 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulF8Fn matmul_e5m2_scalar;
#if defined(__x86_64__)
MatmulF8Fn matmul_e5m2_avx512bw, matmul_e5m2_avx2;
#elif defined(__aarch64__)
MatmulF8Fn matmul_e5m2_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulF8Fn>{"matmul_e5m2_avx512bw", Isa::kAvx512Bw, matmul_e5m2_avx512bw},
    Kernel<MatmulF8Fn>{"matmul_e5m2_avx2", Isa::kAvx2, matmul_e5m2_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulF8Fn>{"matmul_e5m2_neon", Isa::kNeon, matmul_e5m2_neon},
#endif
    Kernel<MatmulF8Fn>{"matmul_e5m2_scalar", Isa::kScalar, matmul_e5m2_scalar},
};

}  // namespace

std::span<const Kernel<MatmulF8Fn>> matmul_e5m2_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
