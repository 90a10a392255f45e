// SPDX-License-Identifier: Apache-2.0
//
// The part of the float32 GEMM that no ISA changes: blocking and packing around a register tile
// of kMr x kNr. Private to the gemm_f32 family.
// Blocks: a packed kNr-column panel of B (kKc * kNr floats, 32 KB) stays in L1 while the rows of
// a packed A block (kMc * kKc floats, 144 KB) stream past it from L2.

#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/gemm_f32.h"

namespace tern::kernels {

inline constexpr std::size_t kKc = 256;
inline constexpr std::size_t kMc = 144;  // a multiple of every kMr
inline constexpr std::size_t kNc = 512;  // a multiple of every kNr

// c[i * ldc + j] += sum over p < k of a[p * kMr + i] * b[p * kNr + j] over the whole tile.
using GemmTileFn = void(std::size_t k, const float* a, const float* b, float* c, std::size_t ldc);

// Packs rows [0, rows) x depth k into panels of `width` rows, zero-filled, depth-major.
inline void pack_panels(const float* data, std::ptrdiff_t stride, std::ptrdiff_t depth_stride,
                        std::size_t rows, std::size_t k, std::size_t width, float* out) {
  for (std::size_t r0 = 0; r0 < rows; r0 += width) {
    const std::size_t live = std::min(width, rows - r0);
    const float* panel = data + static_cast<std::ptrdiff_t>(r0) * stride;
    if (stride == 1) {  // the panel's rows are neighbours in memory: copy line by line
      for (std::size_t p = 0; p < k; ++p) {
        const float* from = panel + static_cast<std::ptrdiff_t>(p) * depth_stride;
        std::copy_n(from, live, out + p * width);
        std::fill_n(out + p * width + live, width - live, 0.0f);
      }
    } else {
      for (std::size_t i = 0; i < width; ++i) {
        const float* from = panel + static_cast<std::ptrdiff_t>(i) * stride;
        for (std::size_t p = 0; p < k; ++p)
          out[p * width + i] = i < live ? from[static_cast<std::ptrdiff_t>(p) * depth_stride] : 0;
      }
    }
    out += k * width;
  }
}

template <std::size_t kMr, std::size_t kNr>
void gemm_f32_blocked(std::size_t m, std::size_t n, std::size_t k, const StridedView& a,
                      const StridedView& b, float* c, std::size_t ldc, GemmTileFn* tile) {
  static_assert(kMc % kMr == 0 && kNc % kNr == 0);
  thread_local std::vector<float> a_packed(kMc * kKc), b_packed(kNc * kKc);
  float edge[kMr * kNr];

  for (std::size_t j0 = 0; j0 < n; j0 += kNc) {
    const std::size_t nc = std::min(kNc, n - j0);
    for (std::size_t p0 = 0; p0 < k; p0 += kKc) {
      const std::size_t kc = std::min(kKc, k - p0);
      const auto sp = static_cast<std::ptrdiff_t>(p0);
      pack_panels(b.data + sp * b.row_stride + static_cast<std::ptrdiff_t>(j0) * b.col_stride,
                  b.col_stride, b.row_stride, nc, kc, kNr, b_packed.data());
      for (std::size_t i0 = 0; i0 < m; i0 += kMc) {
        const std::size_t mc = std::min(kMc, m - i0);
        pack_panels(a.data + static_cast<std::ptrdiff_t>(i0) * a.row_stride + sp * a.col_stride,
                    a.row_stride, a.col_stride, mc, kc, kMr, a_packed.data());
        for (std::size_t j = 0; j < nc; j += kNr) {
          const float* bp = b_packed.data() + j * kc;
          for (std::size_t i = 0; i < mc; i += kMr) {
            const float* ap = a_packed.data() + i * kc;
            float* cp = c + (i0 + i) * ldc + j0 + j;
            const std::size_t mr = std::min(kMr, mc - i), nr = std::min(kNr, nc - j);
            if (mr == kMr && nr == kNr) {
              tile(kc, ap, bp, cp, ldc);
              continue;
            }
            std::fill_n(edge, kMr * kNr, 0.0f);
            tile(kc, ap, bp, edge, kNr);
            for (std::size_t y = 0; y < mr; ++y)
              for (std::size_t x = 0; x < nr; ++x) cp[y * ldc + x] += edge[y * kNr + x];
          }
        }
      }
    }
  }
}

}  // namespace tern::kernels
