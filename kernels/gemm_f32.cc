// SPDX-License-Identifier: Apache-2.0
//
// The gemm_f32 kernel table.

#include "kernels/gemm_f32.h"

#include <array>

namespace tern::kernels {

GemmF32Fn gemm_f32_scalar;
#if defined(__x86_64__)
GemmF32Fn gemm_f32_avx2, gemm_f32_avx512vnni;
#endif

std::span<const Kernel<GemmF32Fn>> gemm_f32_kernels() noexcept {
  static constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<GemmF32Fn>{"gemm_f32_avx512vnni", Isa::kAvx512Vnni, gemm_f32_avx512vnni},
    Kernel<GemmF32Fn>{"gemm_f32_avx2", Isa::kAvx2, gemm_f32_avx2},
#endif
    Kernel<GemmF32Fn>{"gemm_f32_scalar", Isa::kScalar, gemm_f32_scalar},
  };
  return kTable;
}

}  // namespace tern::kernels
