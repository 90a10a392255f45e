// SPDX-License-Identifier: Apache-2.0
//
// The laws of the float formats of dense.h, written once. A format is a struct
//   W, table(), kName
//   meaning(W)        its value as float64, read off the format's definition
//   draw(Fill, rng)   a weight;  activation(Fill, rng)  what the family takes as x
//   infinity, nan     codes; infinity is nan where a format has none

#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/dense/dense.h"
#include "tests/kernels/matmul.h"

namespace tern::kernels {

enum class Fill { kUniform, kWide, kTiny, kLargest, kZeros };

// Rows whose instructions round in their own way; dense.h bounds them.
inline bool has_own_order(std::string_view name) {
  return name.find("avx512bf16") != name.npos || name.find("avx512fp16") != name.npos ||
         name.find("amx") != name.npos;
}

template <typename F>
struct FloatProblem {
  Shape s;
  std::vector<typename F::W> w;  // [rows, cols]
  std::vector<float> x;          // [tokens, cols]

  FloatProblem(const Shape& shape, Fill fill, unsigned seed)
      : s(shape), w(s.rows * s.cols), x(s.tokens * s.cols) {
    std::mt19937 rng(seed);
    for (auto& one : w) one = F::draw(fill, rng);
    for (auto& one : x) one = F::activation(fill, rng);
  }

  // dense.h, word by word.
  float defined(std::size_t r, std::size_t t) const {
    volatile float a[16] = {};
    for (std::size_t l = 0; l < 16; ++l)
      for (std::size_t k = l; k < s.cols; k += 16)
        a[l] = std::fma(static_cast<float>(F::meaning(w[r * s.cols + k])), x[t * s.cols + k],
                        static_cast<float>(a[l]));
    for (const std::size_t half : {8, 4, 2, 1})
      for (std::size_t i = 0; i < half; ++i) a[i] = a[i] + a[i + half];
    return a[0];
  }

  // The bounds of dense.h on |y - exact|, and the float64 sum's own error.
  bool within_bound(std::string_view name, std::size_t r, std::size_t t, float y) const {
    double exact = 0.0, magnitude = 0.0;
    const bool flushes = name.find("bf16_") != name.npos && has_own_order(name);
    for (std::size_t k = 0; k < s.cols; ++k) {
      double weight = F::meaning(w[r * s.cols + k]), activation = double{x[t * s.cols + k]};
      if (flushes && std::fabs(weight) < 0x1p-126) weight = 0;
      if (flushes && std::fabs(activation) < 0x1p-126) activation = 0;
      exact += weight * activation;
      magnitude += std::fabs(weight * activation);
    }
    const auto up = [&](std::size_t n) { return static_cast<double>((s.cols + n - 1) / n); };
    const auto g = [](double n) { return n * 0x1p-24 / (1 - n * 0x1p-24); };
    const auto cols = static_cast<double>(s.cols);
    // What underflow costs the defined order: half a float32 quantum per rounding.
    double bound = g(up(16) + 4) * magnitude + cols * 0x1p-149;
    if (name.find("avx512bf16") != name.npos)
      bound = g(2 * up(32) + 5) * magnitude + 2 * cols * 0x1p-126;
    if (name.find("amx") != name.npos && s.tokens == 1)
      bound = g(2 * up(32) + 5) * magnitude + 2 * cols * 0x1p-126;
    else if (name.find("amx") != name.npos)
      bound = g(18 + up(32)) * magnitude + 2 * cols * 0x1p-126;
    if (name.find("avx512fp16") != name.npos) {
      const double h = 8 * 0x1p-11;
      bound = (h / (1 - h) + 2 * g(2 * up(1280) + 4)) * magnitude + cols * 0x1p-24;
    }
    return std::fabs(double{y} - exact) <= bound + cols * 0x1p-53 * magnitude;
  }
};

inline bool same(float a, float b) {
  return std::bit_cast<unsigned>(a) == std::bit_cast<unsigned>(b) ||
         (std::isnan(a) && std::isnan(b));
}

// Kernels of the defined order give its bits; the others stay within their bounds.
template <typename F>
void check_problem(const FloatProblem<F>& p, std::size_t gap = 3) {
  std::vector<float> defined;
  for (std::size_t t = 0; t < p.s.tokens; ++t)
    for (std::size_t r = 0; r < p.s.rows; ++r) defined.push_back(p.defined(r, t));
  for (const auto& kernel : F::table()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    const std::vector<float> y =
        run_guarded(kernel, p.w, p.x, p.s, gap, std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < y.size(); ++i) {
      const bool right = has_own_order(kernel.name)
                             ? p.within_bound(kernel.name, i % p.s.rows, i / p.s.rows, y[i])
                             : same(y[i], defined[i]);
      if (right) continue;
      INFO(kernel.name << " " << p.s.text() << " row " << i % p.s.rows << " token " << i / p.s.rows
                       << ": " << y[i] << " for " << defined[i]);
      REQUIRE(right);
    }
  }
}

template <typename F>
void check_edges() {
  unsigned seed = 0;
  for (const Shape& s : edge_shapes(32)) {
    const Fill fill = ++seed % 2 == 0 ? Fill::kUniform : Fill::kWide;
    check_problem(FloatProblem<F>(s, fill, seed), seed % 3 == 0 ? 0 : seed % 5);
  }
}

template <typename F>
void check_long_rows() {
  for (const std::size_t cols : {std::size_t{6912}, std::size_t{65536}, std::size_t{65535}})
    for (const std::size_t tokens : {1, 8})
      for (const Fill fill : {Fill::kUniform, Fill::kWide})
        check_problem(FloatProblem<F>({3, cols, tokens}, fill, 5));
  check_problem(FloatProblem<F>({223, 2565, 1}, Fill::kUniform, 6));  // beyond the L2 cache
  // Columns that are cut while many tokens pass, more tokens than one block of them.
  check_problem(FloatProblem<F>({35, 5217, 34}, Fill::kUniform, 8));
  check_problem(FloatProblem<F>({17, 2592, 150}, Fill::kUniform, 9));
}

// Every weight the least above 0 of its format: bits 1, or that float32.
template <typename W>
void set_smallest(std::vector<W>& weights) {
  if constexpr (sizeof(W) == 4)
    std::fill(weights.begin(), weights.end(), 0x1p-149f);
  else
    std::fill(weights.begin(), weights.end(), W{1});
}

template <typename F>
void check_extremes() {
  for (const Fill fill : {Fill::kTiny, Fill::kLargest, Fill::kZeros})
    for (const std::size_t cols : {1, 13, 16, 33, 61, 700})
      for (const std::size_t tokens : {1, 2, 9}) {
        FloatProblem<F> p({5, cols, tokens}, fill, 7);
        check_problem(p);
      }
  // Subnormal weights that large activations bring back: to be counted, or flushed by the rows that
  // dense.h names.
  for (const std::size_t cols : {1, 33})
    for (const std::size_t tokens : {2, 9}) {
      FloatProblem<F> p({5, cols, tokens}, Fill::kLargest, 7);
      set_smallest(p.w);
      check_problem(p);
    }
  // Every product underflows to -0, and idle lanes of the last step must not turn that to +0.
  for (const std::size_t cols : {16, 17, 31, 47})
    for (const std::size_t tokens : {1, 2, 9}) {
      FloatProblem<F> p({5, cols, tokens}, Fill::kZeros, 7);
      set_smallest(p.w);
      for (float& x : p.x)
        x = sizeof p.w[0] == 2 ? -static_cast<float>(F::meaning(p.w[0])) : -0x1p-149f;
      check_problem(p);
    }
}

template <typename F>
void check_float64_bound() {
  for (const Fill fill : {Fill::kUniform, Fill::kWide})
    for (const std::size_t cols : {1, 16, 17, 257, 2560, 6912, 65536}) {
      const FloatProblem<F> p({3, cols, 2}, fill, static_cast<unsigned>(cols));
      for (const auto& kernel : F::table()) {
        if (!host_has(kernel.isa)) continue;
        const std::vector<float> y = run_guarded(kernel, p.w, p.x, p.s, 0, 0.0f);
        for (std::size_t i = 0; i < y.size(); ++i) {
          INFO(kernel.name << " " << p.s.text() << " result " << i << ": " << y[i]);
          CHECK(p.within_bound(kernel.name, i % 3, i / 3, y[i]));
        }
      }
    }
}

// Infinity and NaN reach the result of their row, and no other; nor a later call through the memory
// that a call leaves behind.
template <typename F>
void check_specials() {
  for (const std::size_t tokens : {1, 4, 9})
    for (const std::size_t at : {0, 15, 16, 32}) {
      FloatProblem<F> p({9, 33, tokens}, Fill::kUniform, 2);
      for (float& x : p.x) x = 1.0f;
      p.w[2 * 33 + at] = F::infinity;
      p.w[5 * 33 + at] = F::nan;
      const bool has_infinity = std::isinf(F::meaning(F::infinity));
      for (const auto& kernel : F::table()) {
        if (!host_has(kernel.isa)) continue;
        const std::vector<float> y = run_guarded(kernel, p.w, p.x, p.s, 1, 0.0f);
        for (std::size_t i = 0; i < y.size(); ++i) {
          INFO(kernel.name << " " << p.s.text() << " column " << at << " result " << i);
          CHECK(std::isinf(y[i]) == (i % 9 == 2 && has_infinity));
          CHECK(std::isnan(y[i]) == (i % 9 == 5 || (i % 9 == 2 && !has_infinity)));
        }
      }
    }
  for (const std::size_t tokens : {1, 2, 9, 33}) {
    FloatProblem<F> p({5, 700, tokens}, Fill::kUniform, 4);
    std::fill(p.w.begin(), p.w.end(), F::nan);
    std::fill(p.x.begin(), p.x.end(), std::numeric_limits<float>::quiet_NaN());
    for (const auto& kernel : F::table())
      if (host_has(kernel.isa)) run_guarded(kernel, p.w, p.x, p.s, 0, 0.0f);
    check_problem(FloatProblem<F>({5, 33, tokens}, Fill::kUniform, 5));
  }
}

// One column: y is the weight itself, or 0 + it.
template <typename F>
void check_every_code(std::size_t codes) {
  std::vector<typename F::W> w(codes);
  for (std::size_t c = 0; c < codes; ++c) w[c] = static_cast<typename F::W>(c);
  for (const std::size_t tokens : {1, 2, 8})
    for (const auto& kernel : F::table()) {
      if (!host_has(kernel.isa)) continue;
      const std::vector<float> y =
          run_guarded(kernel, w, std::vector<float>(tokens, 1.0f), {codes, 1, tokens}, 0, 0.0f);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < y.size(); ++i) {
        const auto expected = static_cast<float>(F::meaning(w[i % codes])) + 0.0f;
        const bool flushed = has_own_order(kernel.name) && std::fabs(expected) < 0x1p-126f;
        wrong += same(y[i], expected) || (flushed && y[i] == 0.0f) ? 0 : 1;
      }
      INFO(kernel.name << " tokens=" << tokens);
      CHECK(wrong == 0);
    }
}

template <typename F>
void check_alignment() {
  const FloatProblem<F> p({9, 321, 8}, Fill::kUniform, 3);
  for (const std::size_t tokens : {1, 3, 8}) {
    const Shape s{9, 321, tokens};
    const std::vector<float> x(p.x.begin(),
                               p.x.begin() + static_cast<std::ptrdiff_t>(tokens * 321));
    for (const auto& kernel : F::table()) {
      if (!host_has(kernel.isa)) continue;
      const std::vector<float> y = run_shifted(kernel, p.w, x, s, 0);
      for (const std::size_t shift : {1, 3, 7, 15})
        CHECK(run_shifted(kernel, p.w, x, s, shift) == y);
    }
  }
}

}  // namespace tern::kernels
