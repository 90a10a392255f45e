// SPDX-License-Identifier: Apache-2.0
//
// The table of what `tern bench kernels` measures. A family whose kernels are new is one row here.

#include <array>

#include "experiments/bench_family.h"
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

// Q4_0 groups of random nibbles under scales of 0.5 to 1.
struct I4Bench {
  static std::vector<BenchKernel> kernels() { return names_of(kernels::matmul_i4_kernels()); }
  static std::size_t weight_bytes(std::size_t rows, std::size_t cols) {
    return rows * kernels::Q4View{nullptr, rows, cols}.row_bytes();
  }
  static void make_weights(std::size_t rows, std::size_t cols, std::uint8_t* out) {
    std::mt19937 rng(1);
    const std::size_t bytes = weight_bytes(rows, cols);
    for (std::size_t i = 0; i < bytes; i += kernels::kQ4GroupBytes) {
      const auto d = static_cast<kernels::f16>(0x3800 + rng() % 0x400);
      std::memcpy(out + i, &d, sizeof d);
      for (std::size_t b = sizeof d; b < kernels::kQ4GroupBytes; ++b)
        out[i + b] = static_cast<std::uint8_t>(rng());
    }
  }
  static std::size_t x_bytes(std::size_t cols, std::size_t tokens) { return cols * tokens; }
  static void make_x(std::size_t cols, std::size_t tokens, std::uint8_t* out) {
    for (std::size_t i = 0; i < cols * tokens; ++i)
      out[i] = static_cast<std::uint8_t>(activation<std::int8_t>(i));
  }
  static std::size_t y_bytes(std::size_t rows, std::size_t tokens) {
    return rows * tokens * sizeof(float);
  }
  static void run(kernels::ThreadPool& pool, std::size_t kernel, const BenchOperands& o) {
    const kernels::Q4View all = {o.weights, o.rows, o.cols};
    spread_rows(pool, o.rows, kDenseGrain, weight_bytes(o.rows, o.cols) * o.tokens,
                [&](std::size_t begin, std::size_t end) {
                  kernels::matmul_i4_kernels()[kernel].run(
                      all.slice(begin, end), reinterpret_cast<const std::int8_t*>(o.x), o.cols,
                      o.tokens, reinterpret_cast<float*>(o.y) + begin, o.rows);
                });
  }
};

// clang-format off
constexpr std::array kFamilies = {
    ternary_family<kernels::matmul_t2p_kernels, kernels::kT2p, kernels::pack_t2p>("matmul_t2p"),
    ternary_family<kernels::matmul_t5p_kernels, kernels::kT5p, kernels::pack_t5p>("matmul_t5p"),
    ternary_family<kernels::matmul_lut2_kernels, kernels::kLut2Geometry, kernels::pack_lut2>("matmul_lut2"),
    ternary_family<kernels::matmul_lut3_kernels, kernels::kLut3Geometry, kernels::pack_lut3>("matmul_lut3"),
    linears_family<kernels::matmul_t2p_kernels, kernels::kT2p, kernels::pack_t2p>("linears_t2p"),
    linears_family<kernels::matmul_t5p_kernels, kernels::kT5p, kernels::pack_t5p>("linears_t5p"),
    dense_family<kernels::matmul_f32_kernels, draw_f32>("matmul_f32", Datatype::kFp32),
    dense_family<kernels::matmul_f16_kernels, draw_f16>("matmul_f16", Datatype::kFp16),
    dense_family<kernels::matmul_bf16_kernels, draw_bf16>("matmul_bf16", Datatype::kBf16),
    dense_family<kernels::matmul_e4m3_kernels, draw_e4m3>("matmul_e4m3", Datatype::kFp32),
    dense_family<kernels::matmul_e5m2_kernels, draw_e5m2>("matmul_e5m2", Datatype::kFp32),
    dense_family<kernels::matmul_i8_kernels, draw_i8>("matmul_i8", Datatype::kInt8),
    BenchFamily{"matmul_i4", Datatype::kInt8, I4Bench::kernels,
                I4Bench::weight_bytes, I4Bench::make_weights, I4Bench::x_bytes, I4Bench::make_x,
                I4Bench::y_bytes, I4Bench::run},
};
// clang-format on

}  // namespace

std::span<const BenchFamily> bench_families() { return kFamilies; }

}  // namespace tern::experiments
