// SPDX-License-Identifier: Apache-2.0
//
// The AVX-VNNI kernel over plain C++, for hosts that lack it: only the instructions themselves go
// unproven there.

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/dense/dense.h"
#include "kernels/prefetch.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

struct Vnni {
  struct Reg {
    std::array<std::int32_t, 8> lanes;

    std::int8_t byte(std::size_t i) const {
      const auto lane = static_cast<std::uint32_t>(lanes[i / 4]);
      return static_cast<std::int8_t>(lane >> (8 * (i % 4)) & 0xffu);
    }
  };
  static constexpr std::size_t kBytes = 32, kRows = 4, kTokens = 2;

  static Reg zero() { return {}; }
  static Reg load(const std::int8_t* p) {
    Reg a{};
    for (std::size_t i = 0; i < kBytes; ++i) {
      const std::uint32_t byte = static_cast<std::uint8_t>(p[i]);
      a.lanes[i / 4] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.lanes[i / 4]) |
                                                 byte << (8 * (i % 4)));
    }
    return a;
  }
  static void store(std::int8_t* p, const Reg& a) {
    for (std::size_t i = 0; i < kBytes; ++i) p[i] = a.byte(i);
  }
  static Reg flip(Reg a) {
    for (std::int32_t& lane : a.lanes) lane ^= static_cast<std::int32_t>(0x8080'8080u);
    return a;
  }
  // vpdpbusd: unsigned bytes of w times signed bytes of x, four to a lane, modulo 2^32.
  static Reg dot(Reg sum, const Reg& w, const Reg& x) {
    for (std::size_t i = 0; i < kBytes; ++i) {
      const std::int32_t product = static_cast<std::uint8_t>(w.byte(i)) * x.byte(i);
      sum.lanes[i / 4] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum.lanes[i / 4]) +
                                                   static_cast<std::uint32_t>(product));
    }
    return sum;
  }
  template <std::size_t R>
  static void store_sums(const Reg (&a)[R][1], std::int32_t offset, std::int32_t* y) {
    for (std::size_t r = 0; r < R; ++r) {
      std::uint32_t sum = 0;
      for (const std::int32_t lane : a[r][0].lanes) sum += static_cast<std::uint32_t>(lane);
      y[r] = static_cast<std::int32_t>(sum - static_cast<std::uint32_t>(offset));
    }
  }
};

#include "kernels/dense/i8_vnni.h"
}  // namespace

void matmul_i8_avxvnni_standin(const DenseView<std::int8_t>& w, const std::int8_t* x,
                               std::size_t ldx, std::size_t tokens, std::int32_t* y,
                               std::size_t ldy) noexcept {
  multiply(w, x, ldx, tokens, y, ldy);
}

}  // namespace tern::kernels
