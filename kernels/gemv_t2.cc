// SPDX-License-Identifier: Apache-2.0
//
// The table of the t2 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/gemv.h"

namespace tern::kernels {

GemvT2Fn gemv_t2_scalar;
#if defined(__x86_64__)
GemvT2Fn gemv_t2_avx2, gemv_t2_avx512vnni;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<GemvT2Fn>{"gemv_t2_avx512vnni", Isa::kAvx512Vnni, gemv_t2_avx512vnni},
    Kernel<GemvT2Fn>{"gemv_t2_avx2", Isa::kAvx2, gemv_t2_avx2},
#endif
    Kernel<GemvT2Fn>{"gemv_t2_scalar", Isa::kScalar, gemv_t2_scalar},
};

}  // namespace

std::span<const Kernel<GemvT2Fn>> gemv_t2_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
