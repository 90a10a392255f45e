// SPDX-License-Identifier: Apache-2.0
//
// The table of the i4 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulI4Fn matmul_i4_scalar;
#if defined(__x86_64__)
MatmulI4Fn matmul_i4_avx512vnni, matmul_i4_avx2;
#elif defined(__aarch64__)
MatmulI4Fn matmul_i4_neondot, matmul_i4_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulI4Fn>{"matmul_i4_avx512vnni", Isa::kAvx512Vnni, matmul_i4_avx512vnni},
    Kernel<MatmulI4Fn>{"matmul_i4_avx2", Isa::kAvx2, matmul_i4_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulI4Fn>{"matmul_i4_neondot", Isa::kNeonDot, matmul_i4_neondot},
    Kernel<MatmulI4Fn>{"matmul_i4_neon", Isa::kNeon, matmul_i4_neon},
#endif
    Kernel<MatmulI4Fn>{"matmul_i4_scalar", Isa::kScalar, matmul_i4_scalar},
};

}  // namespace

std::span<const Kernel<MatmulI4Fn>> matmul_i4_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
