// SPDX-License-Identifier: Apache-2.0
//
// The table of the bf16 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulBf16Fn matmul_bf16_scalar, matmul_bf16_amx_standin;
#if defined(__x86_64__)
MatmulBf16Fn matmul_bf16_amx, matmul_bf16_avx512bf16, matmul_bf16_avx512bw, matmul_bf16_avx2;
#elif defined(__aarch64__)
MatmulBf16Fn matmul_bf16_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulBf16Fn>{"matmul_bf16_amx", Isa::kAmx, matmul_bf16_amx, kTilesOwnFrom},
    Kernel<MatmulBf16Fn>{"matmul_bf16_avx512bf16", Isa::kAvx512Bf16, matmul_bf16_avx512bf16},
    Kernel<MatmulBf16Fn>{"matmul_bf16_avx512bw", Isa::kAvx512Bw, matmul_bf16_avx512bw},
    Kernel<MatmulBf16Fn>{"matmul_bf16_avx2", Isa::kAvx2, matmul_bf16_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulBf16Fn>{"matmul_bf16_neon", Isa::kNeon, matmul_bf16_neon},
#endif
    Kernel<MatmulBf16Fn>{"matmul_bf16_scalar", Isa::kScalar, matmul_bf16_scalar},
    Kernel<MatmulBf16Fn>{"matmul_bf16_amx_standin", Isa::kScalar, matmul_bf16_amx_standin},
};

}  // namespace

std::span<const Kernel<MatmulBf16Fn>> matmul_bf16_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
