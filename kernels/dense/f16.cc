// SPDX-License-Identifier: Apache-2.0
//
// The table of the f16 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/dense/dense.h"

namespace tern::kernels {

MatmulF16Fn matmul_f16_scalar, matmul_f16_avx512fp16_standin;
#if defined(__x86_64__)
MatmulF16Fn matmul_f16_avx512fp16, matmul_f16_avx512bw, matmul_f16_avx2;
#elif defined(__aarch64__)
MatmulF16Fn matmul_f16_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<MatmulF16Fn>{"matmul_f16_avx512fp16", Isa::kAvx512Fp16, matmul_f16_avx512fp16},
    Kernel<MatmulF16Fn>{"matmul_f16_avx512bw", Isa::kAvx512Bw, matmul_f16_avx512bw},
    Kernel<MatmulF16Fn>{"matmul_f16_avx2", Isa::kAvx2, matmul_f16_avx2},
#elif defined(__aarch64__)
    Kernel<MatmulF16Fn>{"matmul_f16_neon", Isa::kNeon, matmul_f16_neon},
#endif
    Kernel<MatmulF16Fn>{"matmul_f16_scalar", Isa::kScalar, matmul_f16_scalar},
    Kernel<MatmulF16Fn>{"matmul_f16_avx512fp16_standin", Isa::kScalar,
                        matmul_f16_avx512fp16_standin},
};

}  // namespace

std::span<const Kernel<MatmulF16Fn>> matmul_f16_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
