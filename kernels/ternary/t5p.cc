// SPDX-License-Identifier: Apache-2.0
//
// The table of the t5p family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/ternary/ternary.h"

namespace tern::kernels {

TernaryFn matmul_t5p_scalar;
#if defined(__x86_64__)
TernaryFn matmul_t5p_avx512vnni, matmul_t5p_avx512bw, matmul_t5p_avxvnni, matmul_t5p_avx2,
    matmul_t5p_avxvnni_standin;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_t5p_avx512vnni", Isa::kAvx512Vnni, matmul_t5p_avx512vnni},
    Kernel<TernaryFn>{"matmul_t5p_avx512bw", Isa::kAvx512Bw, matmul_t5p_avx512bw},
    Kernel<TernaryFn>{"matmul_t5p_avxvnni", Isa::kAvxVnni, matmul_t5p_avxvnni},
    Kernel<TernaryFn>{"matmul_t5p_avx2", Isa::kAvx2, matmul_t5p_avx2},
#endif
    Kernel<TernaryFn>{"matmul_t5p_scalar", Isa::kScalar, matmul_t5p_scalar},
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_t5p_avxvnni_standin", Isa::kAvx2, matmul_t5p_avxvnni_standin},
#endif
};

}  // namespace

std::span<const Kernel<TernaryFn>> matmul_t5p_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
