// SPDX-License-Identifier: Apache-2.0
//
// What INT8 hands to amx_product.h: up to 65536 products of at most 2^14 fit int32. No include
// guard: i8_amx*.cc include this inside their unnamed namespaces.

struct Format {
  using W = std::int8_t;
  using X = std::int8_t;
  using Y = std::int32_t;

  static void narrow(const std::int8_t* x, std::size_t n, std::int8_t* to) {
    std::copy_n(x, n, to);
  }
  template <std::size_t C, std::size_t A, std::size_t B>
  TERN_TARGET static void mac() {
    Tiles::mac_signed_signed<C, A, B>();
  }
};

#include "kernels/dense/amx_product.h"
