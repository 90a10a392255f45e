// SPDX-License-Identifier: Apache-2.0
//
// What bfloat16 hands to amx_product.h. No include guard: bf16_amx*.cc include this inside their
// unnamed namespaces.

struct Format {
  using W = bf16;
  using X = float;
  using Y = float;

  // Activations are bfloat16 values: nothing to round.
  TERN_TARGET static void narrow(const float* x, std::size_t n, bf16* to) {
    for (std::size_t k = 0; k < n; ++k) {
      std::uint32_t bits;
      std::memcpy(&bits, x + k, sizeof bits);
      to[k] = static_cast<bf16>(bits >> 16);
    }
  }
  template <std::size_t C, std::size_t A, std::size_t B>
  TERN_TARGET static void mac() {
    Tiles::mac_bf16<C, A, B>();
  }
};

#include "kernels/dense/amx_product.h"
