// SPDX-License-Identifier: Apache-2.0
//
// The table of the i8 family. A new kernel is its file, its row here and its line in
// CMakeLists.txt.

#include <array>

#include "kernels/gemv.h"

namespace tern::kernels {

GemvI8Fn gemv_i8_scalar;
#if defined(__x86_64__)
GemvI8Fn gemv_i8_avx2, gemv_i8_avx512vnni;
#endif

namespace {

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<GemvI8Fn>{"gemv_i8_avx512vnni", Isa::kAvx512Vnni, gemv_i8_avx512vnni},
    Kernel<GemvI8Fn>{"gemv_i8_avx2", Isa::kAvx2, gemv_i8_avx2},
#endif
    Kernel<GemvI8Fn>{"gemv_i8_scalar", Isa::kScalar, gemv_i8_scalar},
};

}  // namespace

std::span<const Kernel<GemvI8Fn>> gemv_i8_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
