// SPDX-License-Identifier: Apache-2.0
//
// The baselines: products of dense matrices in float and integer formats. One table per format,
// fastest first; every function takes any number of tokens, one included.
//
// Float numerics (f32, f16, bf16, e4m3, e5m2), equal on every ISA but those named below:
// 16 accumulators start at +0; accumulator l takes fma(w[k], x[k], a) for k = l, l + 16, ... in
// order, in float32, round to nearest even; then a[i] += a[i + s] for s = 8, 4, 2, 1 and i < s,
// and y = a[0]. Where a result is NaN, any NaN. With S = sum |w x|, u = 2^-24 and
// g(n) = n u / (1 - n u), |y - exact| <= g(ceil(cols / 16) + 4) S where nothing under- or
// overflows.
//
// Rows with numerics of their own, because their instructions have:
//   matmul_bf16_avx512bf16  vdpbf16ps adds pairs of products. Subnormal operands count as 0, and
//                           subnormal results become 0.
//                           |y - exact| <= g(2 ceil(cols / 32) + 5) S + 2 cols 2^-126
//   matmul_bf16_amx         As avx512bf16 for one token, else
//                           tdpbf16ps adds 16 even and 16 odd products, then both to the result;
//                           subnormals likewise.
//                           |y - exact| <= g(18 + ceil(cols / 32)) S + 2 cols 2^-126
//   matmul_f16_avx512fp16   Sums of 8 binary16 roundings, widened and added in float32;
//                           in the defined order where one of them overflows. With h = 8 * 2^-11,
//                           |y - exact| <= (h / (1 - h) + 2 g(2 ceil(cols / 1280) + 4)) S
//                                          + cols 2^-24
//
// Integer numerics. i8 is exact. i4: group g of 32 columns gives the exact sum of nibble times x;
// accumulator g % 8 of 8 takes fma(d[g], float(sum), a) in order from +0, in float32; then
// a[i] += a[i + s] for s = 4, 2, 1 and i < s, and y = a[0], on every ISA.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/bf16.h"
#include "kernels/dense/q4_0.h"
#include "kernels/f16.h"
#include "kernels/f8.h"
#include "kernels/isa.h"

namespace tern::kernels {

inline constexpr std::size_t kFloatAccumulators = 16, kI4Accumulators = 8;

template <typename W>
struct DenseView {
  const W* data;  // [rows, cols], rows contiguous
  std::size_t rows;
  std::size_t cols;

  DenseView slice(std::size_t begin, std::size_t end) const {
    return {data + begin * cols, end - begin, cols};
  }
};

using F16View = DenseView<f16>;
using I8View = DenseView<std::int8_t>;

// y[t * ldy + r] = sum over k of W[r, k] * x[t * ldx + k] for r < rows, t < tokens; nothing else
// is written. x holds cols values per token, ldx >= cols, ldy >= rows. No pointer needs alignment;
// y must not overlap the inputs; cols >= 1. A call keeps scratch memory for its thread: copies of
// the tokens, from some number of them on, up to 640 KB of unpacked weights, and on AMX up to 5 MB
// of sums where columns are cut.
template <typename View, typename X, typename Y>
using MatmulFn = void(const View& w, const X* x, std::size_t ldx, std::size_t tokens, Y* y,
                      std::size_t ldy) noexcept;

using MatmulF32Fn = MatmulFn<DenseView<float>, float, float>;
using MatmulF16Fn = MatmulFn<F16View, float, float>;           // x: binary16 values (round_to_f16)
using MatmulBf16Fn = MatmulFn<DenseView<bf16>, float, float>;  // x: bfloat16 values
using MatmulF8Fn = MatmulFn<DenseView<f8>, float, float>;      // x: any float32
using MatmulI8Fn = MatmulFn<I8View, std::int8_t, std::int32_t>;  // cols <= 65536
using MatmulI4Fn = MatmulFn<Q4View, std::int8_t, float>;         // scales finite

// Tokens from which on rows of tiles use them: one token by rows reads faster (amx_product.h), and
// weights are laid out for smmla as they are met (i8_neoni8mm.cc).
inline constexpr std::size_t kTilesOwnFrom = 2, kI8mmTilesOwnFrom = 7;

std::span<const Kernel<MatmulF32Fn>> matmul_f32_kernels() noexcept;
std::span<const Kernel<MatmulF16Fn>> matmul_f16_kernels() noexcept;
std::span<const Kernel<MatmulBf16Fn>> matmul_bf16_kernels() noexcept;
std::span<const Kernel<MatmulF8Fn>> matmul_e4m3_kernels() noexcept;
std::span<const Kernel<MatmulF8Fn>> matmul_e5m2_kernels() noexcept;
std::span<const Kernel<MatmulI8Fn>> matmul_i8_kernels() noexcept;
std::span<const Kernel<MatmulI4Fn>> matmul_i4_kernels() noexcept;

// The most of `isa` whose float rows all keep the defined order: for users whose results may not
// depend on the ISA, instead of `isa` in kernel_for().
inline Isa defined_order_isa(Isa isa) noexcept {
  return contains(isa, Isa::kAvx512Bf16) ? Isa::kAvx512Vnni : isa;
}

}  // namespace tern::kernels
