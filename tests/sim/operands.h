// SPDX-License-Identifier: Apache-2.0
//
// Random operands of both formats, and their products in the dumbest way.

#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/f16.h"
#include "kernels/format.h"

namespace tern::sim {

enum class Values { kRandom, kExtreme, kZero };

struct TernaryOperands {
  std::size_t rows, cols, tokens, stride;
  std::vector<std::int8_t> trits;    // [rows, cols]
  std::vector<std::uint8_t> packed;  // t2
  std::vector<std::int8_t> q;        // [tokens, stride], junk past cols

  TernaryOperands(std::mt19937& rng, std::size_t m, std::size_t k, std::size_t t, Values values)
      : rows(m),
        cols(k),
        tokens(t),
        stride(kernels::t2_blocks(k) * kernels::kT2BlockTrits),
        trits(m * k),
        packed(m * kernels::t2_row_bytes(k)),
        q(t * stride) {
    for (auto& w : trits) w = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
    if (values == Values::kExtreme)
      for (auto& w : trits) w = -1;
    for (auto& x : q) {
      x = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
      if (values == Values::kExtreme) x = -128;
      if (values == Values::kZero) x = 0;
    }
    for (std::size_t r = 0; r < m; ++r)
      kernels::pack_t2(trits.data() + r * k, k, packed.data() + r * kernels::t2_row_bytes(k));
  }
  kernels::T2View view() const { return {packed.data(), rows, kernels::t2_blocks(cols)}; }
  std::vector<std::int32_t> product() const {
    std::vector<std::int32_t> y(tokens * rows, 0);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t k = 0; k < cols; ++k)
          y[t * rows + r] += trits[r * cols + k] * q[t * stride + k];
    return y;
  }
};

__extension__ using Int128 = __int128;

struct Fp16Operands {
  std::size_t rows, cols, tokens;
  std::vector<kernels::f16> w;  // [rows, cols]
  std::vector<float> x;         // [tokens, cols], binary16 values

  static kernels::f16 draw(std::mt19937& rng, Values values) {
    const auto bits = static_cast<kernels::f16>(rng());
    const auto sign = static_cast<kernels::f16>(bits & 0x8000);
    if (values == Values::kZero) return sign;
    if (values == Values::kExtreme)
      return static_cast<kernels::f16>(sign | (rng() % 2 ? 0x7bff : 1));
    return (bits & 0x7c00) == 0x7c00 ? sign : bits;  // any finite value, subnormals as well
  }
  Fp16Operands(std::mt19937& rng, std::size_t m, std::size_t k, std::size_t t, Values values)
      : rows(m), cols(k), tokens(t), w(m * k), x(t * k) {
    for (auto& one : w) one = draw(rng, values);
    for (auto& one : x) one = kernels::f16_to_f32(draw(rng, values));
  }
  kernels::F16View view() const { return {w.data(), rows, cols}; }
  // For each step of N columns the exact sum, rounded once; these added up in binary32. In units of
  // 2^-48 every product is an integer below 2^80.
  std::vector<float> product(std::size_t lanes) const {
    std::vector<float> y(tokens * rows);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r) {
        float sum = 0;
        for (std::size_t at = 0; at < cols; at += lanes) {
          Int128 exact = 0;
          for (std::size_t k = at; k < std::min(at + lanes, cols); ++k)
            exact += static_cast<Int128>(kernels::f16_to_f32(w[r * cols + k]) * 0x1p24) *
                     static_cast<Int128>(x[t * cols + k] * 0x1p24f);
          sum += static_cast<float>(exact) * 0x1p-48f;  // gcc rounds to nearest even
        }
        y[t * rows + r] = sum;
      }
    return y;
  }
};

}  // namespace tern::sim
