// SPDX-License-Identifier: Apache-2.0
//
// The table of the t2p family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/ternary/panels.h"
#include "kernels/ternary/ternary.h"

namespace tern::kernels {

TernaryFn matmul_t2p_scalar, matmul_t2p_amx_standin;
#if defined(__x86_64__)
TernaryFn matmul_t2p_amx, matmul_t2p_avx512vnni, matmul_t2p_avx512bw, matmul_t2p_avxvnni,
    matmul_t2p_avx2, matmul_t2p_avxvnni_standin;
#elif defined(__aarch64__)
TernaryFn matmul_t2p_neoni8mm, matmul_t2p_neondot, matmul_t2p_neon;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_t2p_amx", Isa::kAmx, matmul_t2p_amx, kAmxOwnFrom},
    Kernel<TernaryFn>{"matmul_t2p_avx512vnni", Isa::kAvx512Vnni, matmul_t2p_avx512vnni},
    Kernel<TernaryFn>{"matmul_t2p_avx512bw", Isa::kAvx512Bw, matmul_t2p_avx512bw},
    Kernel<TernaryFn>{"matmul_t2p_avxvnni", Isa::kAvxVnni, matmul_t2p_avxvnni},
    Kernel<TernaryFn>{"matmul_t2p_avx2", Isa::kAvx2, matmul_t2p_avx2},
#elif defined(__aarch64__)
    Kernel<TernaryFn>{"matmul_t2p_neoni8mm", Isa::kNeonI8mm, matmul_t2p_neoni8mm, kI8mmOwnFrom},
    Kernel<TernaryFn>{"matmul_t2p_neondot", Isa::kNeonDot, matmul_t2p_neondot},
    Kernel<TernaryFn>{"matmul_t2p_neon", Isa::kNeon, matmul_t2p_neon},
#endif
    Kernel<TernaryFn>{"matmul_t2p_scalar", Isa::kScalar, matmul_t2p_scalar},
#if defined(__x86_64__)
    Kernel<TernaryFn>{"matmul_t2p_avxvnni_standin", Isa::kAvx2, matmul_t2p_avxvnni_standin},
#endif
    Kernel<TernaryFn>{"matmul_t2p_amx_standin", Isa::kScalar, matmul_t2p_amx_standin},
};

}  // namespace

std::span<const Kernel<TernaryFn>> matmul_t2p_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
