// SPDX-License-Identifier: Apache-2.0

#include "models/dense_product.h"

#include <algorithm>

#include "kernels/scratch.h"

namespace tern::models {
namespace {

// Of other formats, blocks of rows become floats, which are read again from the cache.
constexpr std::size_t kUnpacked = std::size_t{1} << 16;

}  // namespace

DenseProduct::DenseProduct(kernels::Isa isa) {
  isa = kernels::defined_order_isa(isa);
  f32_ = kernels::kernel_for(kernels::matmul_f32_kernels(), isa).run;
  f16_ = kernels::kernel_for(kernels::matmul_f16_kernels(), isa).run;
  bf16_ = kernels::kernel_for(kernels::matmul_bf16_kernels(), isa).run;
}

void DenseProduct::rows(const DenseMatrix& w, std::size_t begin, std::size_t end, const float* x,
                        std::size_t tokens, float* y, std::size_t ldy) const {
  const std::string_view format = w.format->name;
  if (format == "f16")
    return f16_(w.view<kernels::f16>().slice(begin, end), x, w.cols, tokens, y, ldy);
  if (format == "bf16")
    return bf16_(w.view<kernels::bf16>().slice(begin, end), x, w.cols, tokens, y, ldy);
  if (format == "f32") return f32_(w.view<float>().slice(begin, end), x, w.cols, tokens, y, ldy);
  thread_local kernels::Scratch scratch;
  const std::size_t most = std::max<std::size_t>(kUnpacked / w.cols, 1);
  float* floats = scratch.room<float>(most * w.cols);
  for (std::size_t r = begin; r < end; r += most) {
    const std::size_t n = std::min(most, end - r);
    w.format->unpack(w.data + r * w.row_bytes(), n * w.cols, floats);
    f32_({floats, n, w.cols}, x, w.cols, tokens, y + (r - begin), ldy);
  }
}

}  // namespace tern::models
