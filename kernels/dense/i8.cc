// SPDX-License-Identifier: Apache-2.0
//
// The table of the i8 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulI8Fn matmul_i8_scalar, matmul_i8_avxvnni_standin, matmul_i8_amx_standin;
#if defined(__x86_64__)
MatmulI8Fn matmul_i8_amx, matmul_i8_avx512vnni, matmul_i8_avx512bw, matmul_i8_avxvnni,
    matmul_i8_avx2;
#elif defined(__aarch64__)
MatmulI8Fn matmul_i8_neoni8mm, matmul_i8_neondot, matmul_i8_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulI8Fn>{"matmul_i8_amx", Isa::kAmx, matmul_i8_amx, kTilesOwnFrom},
    Kernel<MatmulI8Fn>{"matmul_i8_avx512vnni", Isa::kAvx512Vnni, matmul_i8_avx512vnni},
    Kernel<MatmulI8Fn>{"matmul_i8_avx512bw", Isa::kAvx512Bw, matmul_i8_avx512bw},
    Kernel<MatmulI8Fn>{"matmul_i8_avxvnni", Isa::kAvxVnni, matmul_i8_avxvnni},
    Kernel<MatmulI8Fn>{"matmul_i8_avx2", Isa::kAvx2, matmul_i8_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulI8Fn>{"matmul_i8_neoni8mm", Isa::kNeonI8mm, matmul_i8_neoni8mm, kI8mmTilesOwnFrom},
    Kernel<MatmulI8Fn>{"matmul_i8_neondot", Isa::kNeonDot, matmul_i8_neondot},
    Kernel<MatmulI8Fn>{"matmul_i8_neon", Isa::kNeon, matmul_i8_neon},
#endif
    Kernel<MatmulI8Fn>{"matmul_i8_scalar", Isa::kScalar, matmul_i8_scalar},
    Kernel<MatmulI8Fn>{"matmul_i8_avxvnni_standin", Isa::kScalar, matmul_i8_avxvnni_standin},
    Kernel<MatmulI8Fn>{"matmul_i8_amx_standin", Isa::kScalar, matmul_i8_amx_standin},
};

}  // namespace

std::span<const Kernel<MatmulI8Fn>> matmul_i8_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
