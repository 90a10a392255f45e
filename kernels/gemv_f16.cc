// SPDX-License-Identifier: Apache-2.0
//
// The table of the f16 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/gemv.h"

namespace tern::kernels {

GemvF16Fn gemv_f16_scalar;
#if defined(__x86_64__)
GemvF16Fn gemv_f16_avx2, gemv_f16_avx512vnni;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<GemvF16Fn>{"gemv_f16_avx512vnni", Isa::kAvx512Vnni, gemv_f16_avx512vnni},
    Kernel<GemvF16Fn>{"gemv_f16_avx2", Isa::kAvx2, gemv_f16_avx2},
#endif
    Kernel<GemvF16Fn>{"gemv_f16_scalar", Isa::kScalar, gemv_f16_scalar},
};

}  // namespace

std::span<const Kernel<GemvF16Fn>> gemv_f16_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
