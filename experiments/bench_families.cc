// SPDX-License-Identifier: Apache-2.0
//
// The table of what `tern bench kernels` measures. A family whose kernels are new is one row here.

#include <array>
#include <functional>

#include "experiments/bench_family.h"
#include "experiments/bench_gemv.h"
#include "kernels/ternary/lut.h"
#include "kernels/ternary/panels.h"

namespace tern::experiments {

namespace {

using kernels::Datatype;

// Of 32 random bits, a weight. Floats are of magnitude 0.5 to 2, far from subnormal.
std::int8_t draw_i8(std::uint32_t r) { return static_cast<std::int8_t>(r & 0xff); }
kernels::f16 draw_f16(std::uint32_t r) {
  return static_cast<kernels::f16>((r & 0x8000) | (0x3800 + (r >> 16) % 0x800));
}
#ifdef TERN_BENCH_DENSE
float draw_f32(std::uint32_t r) { return static_cast<float>(static_cast<std::int32_t>(r)) / 2e9f; }
kernels::bf16 draw_bf16(std::uint32_t r) {
  return static_cast<kernels::bf16>((r & 0x8000) | (0x3f00 + (r >> 16) % 0x100));
}
kernels::f8 draw_e4m3(std::uint32_t r) {
  return static_cast<kernels::f8>((r & 0x80) | (0x30 + (r >> 16) % 0x10));
}
kernels::f8 draw_e5m2(std::uint32_t r) {
  return static_cast<kernels::f8>((r & 0x80) | (0x38 + (r >> 16) % 0x08));
}
#endif

// clang-format off
constexpr std::array kFamilies = {
    ternary_family<kernels::matmul_t2p_kernels, kernels::kT2p, kernels::pack_t2p>("matmul_t2p"),
    ternary_family<kernels::matmul_t5p_kernels, kernels::kT5p, kernels::pack_t5p>("matmul_t5p"),
    ternary_family<kernels::matmul_lut2_kernels, kernels::kLut2Geometry, kernels::pack_lut2>("matmul_lut2"),
    ternary_family<kernels::matmul_lut3_kernels, kernels::kLut3Geometry, kernels::pack_lut3>("matmul_lut3"),
#ifdef TERN_BENCH_DENSE
    dense_family<kernels::matmul_f32_kernels, draw_f32>("matmul_f32", Datatype::kFp32),
    dense_family<kernels::matmul_f16_kernels, draw_f16>("matmul_f16", Datatype::kFp16),
    dense_family<kernels::matmul_bf16_kernels, draw_bf16>("matmul_bf16", Datatype::kBf16),
    dense_family<kernels::matmul_e4m3_kernels, draw_e4m3>("matmul_e4m3", Datatype::kFp32),
    dense_family<kernels::matmul_e5m2_kernels, draw_e5m2>("matmul_e5m2", Datatype::kFp32),
    dense_family<kernels::matmul_i8_kernels, draw_i8>("matmul_i8", Datatype::kInt8),
#endif
    gemv_family<kernels::gemv_f16_kernels, draw_f16>("gemv_f16", Datatype::kFp16, true),
    gemv_family<kernels::gemv_i8_kernels, draw_i8>("gemv_i8", Datatype::kInt8, true),
};
// clang-format on

}  // namespace

std::span<const BenchFamily> bench_families() { return kFamilies; }

void run_product(kernels::ThreadPool& pool, const BenchFamily& family, std::size_t kernel,
                 const BenchOperands& o) {
  if (pool.threads() == 1 ||
      family.weight_bytes(o.rows, o.cols) * o.tokens < kernels::kGemvMinParallelBytes) {
    family.run(kernel, o, 0, o.rows);
    return;
  }
  const auto part = [&](std::size_t begin, std::size_t end) { family.run(kernel, o, begin, end); };
  pool.parallel_for(o.rows, family.grain, std::cref(part));
}

}  // namespace tern::experiments
