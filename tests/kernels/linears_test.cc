// SPDX-License-Identifier: Apache-2.0
//
// State space: one to three linears of one input, with and without accumulation, at every number
// of threads, on both sides of the token block and of what one thread does alone, against sums over
// trits and the one formula of dequantisation; bit by bit.
// Parameters: the compute layouts and their kernel tables, shapes, tokens, threads 1 to 8.

#include "kernels/ternary/linears.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/ternary/layouts.h"

namespace tern::kernels {
namespace {

struct Input {
  std::size_t cols, tokens, ldx;
  std::vector<std::int8_t> x;
  std::vector<float> scales;

  Input(std::size_t cols_, std::size_t tokens_)
      : cols(cols_), tokens(tokens_), ldx(activation_stride(cols_)), x(tokens_ * ldx, 0) {
    std::mt19937 rng(5);
    for (std::size_t t = 0; t < tokens; ++t) {
      for (std::size_t k = 0; k < cols; ++k)
        x[t * ldx + k] = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
      scales.push_back(0.5f + static_cast<float>(rng() % 1000) / 7.0f);
    }
  }
};

struct Matrix {
  std::size_t rows;
  float gamma;
  bool accumulate;
  std::vector<std::int8_t> trits;
  std::vector<std::uint8_t> packed;
  std::vector<float> before, expected, y;  // [tokens, rows + 3]

  Matrix(std::size_t rows_, float gamma_, bool accumulate_, const Input& in,
         const ComputeLayout& layout)
      : rows(rows_), gamma(gamma_), accumulate(accumulate_), trits(rows_ * in.cols) {
    std::mt19937 rng(static_cast<unsigned>(rows));
    for (auto& t : trits) t = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
    packed = pack_tensor(ternary_format(layout.name), {trits, gamma}, rows, in.cols, "w");
    before.resize(in.tokens * ldy());
    for (float& f : before) f = static_cast<float>(rng() % 100) - 50.0f;
    expected = before;
    for (std::size_t t = 0; t < in.tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r) {
        int acc = 0;
        for (std::size_t k = 0; k < in.cols; ++k)
          acc += trits[r * in.cols + k] * in.x[t * in.ldx + k];
        const float scale = gamma / in.scales[t];
        const float product = static_cast<float>(acc) * scale;
        float& e = expected[t * ldy() + r];
        e = accumulate ? e + product : product;
      }
  }
  std::size_t ldy() const { return rows + 3; }
};

void check(const std::vector<std::pair<std::size_t, bool>>& shapes, const Input& in,
           const ComputeLayout& layout, unsigned threads) {
  std::vector<Matrix> matrices;
  for (const auto& [rows, accumulate] : shapes)
    matrices.emplace_back(rows, 0.01f * static_cast<float>(rows), accumulate, in, layout);
  ThreadPool pool(threads);
  for (const auto& kernel : layout.kernels()) {
    if (!host_has(kernel.isa)) continue;
    std::vector<TernaryLinear> linears;
    for (Matrix& m : matrices) {
      m.y = m.before;
      linears.push_back(
          {{m.packed.data(), m.rows, in.cols}, m.gamma, m.y.data(), m.ldy(), m.accumulate});
    }
    ternary_linears(pool, {kernel.run, layout.geometry}, linears, in.x.data(), in.ldx,
                    in.scales.data(), in.tokens);
    for (const Matrix& m : matrices) {
      INFO(kernel.name << " rows=" << m.rows << " tokens=" << in.tokens << " threads=" << threads);
      CHECK(m.y == m.expected);
    }
  }
}

TEST_CASE("linears of one input equal their formula at any number of threads", "[kernels]") {
  for (unsigned threads = 1; threads <= 8; ++threads)
    for (const ComputeLayout& layout : compute_layouts()) {
      check({{48, false}, {16, false}, {17, true}}, Input(85, 3), layout, threads);
      check({{640, false}, {160, true}, {161, false}}, Input(640, 3), layout, threads);
      check({{133, true}}, Input(300, 130), layout, threads);
    }
}

TEST_CASE("linears take tokens on both sides of a block and rows beyond one pass", "[kernels]") {
  for (const ComputeLayout& layout : compute_layouts()) {
    for (const std::size_t tokens : {1, 2, 63, 64, 65})
      check({{1100, false}, {1, true}}, Input(60, tokens), layout, 2);
    check({{4096 + 40, false}}, Input(16, 1), layout, 1);
    check({}, Input(16, 1), layout, 2);
    check({{5, true}}, Input(16, 0), layout, 2);
  }
}

}  // namespace
}  // namespace tern::kernels
