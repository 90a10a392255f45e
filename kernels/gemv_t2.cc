// SPDX-License-Identifier: Apache-2.0
//
// The table of the t2 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/gemv.h"

namespace tern::kernels {

GemvT2Fn gemv_t2_scalar, gemv_t2_avx2, gemv_t2_avx512vnni;

namespace {

constexpr std::array kTable = {
    Kernel<GemvT2Fn>{"gemv_t2_avx512vnni", Isa::kAvx512Vnni, gemv_t2_avx512vnni},
    Kernel<GemvT2Fn>{"gemv_t2_avx2", Isa::kAvx2, gemv_t2_avx2},
    Kernel<GemvT2Fn>{"gemv_t2_scalar", Isa::kScalar, gemv_t2_scalar},
};

}  // namespace

std::span<const Kernel<GemvT2Fn>> gemv_t2_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
