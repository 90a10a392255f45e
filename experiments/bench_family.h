// SPDX-License-Identifier: Apache-2.0
//
// What `tern bench kernels` must know of a kernel family: how large its weights are, how to make
// some, how to multiply. One row of bench_families.cc per family; its kernels come from its table.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/isa.h"
#include "kernels/roofline/peak.h"
#include "kernels/ternary/linears.h"
#include "kernels/ternary/ternary.h"
#include "kernels/thread_pool.h"

namespace tern::experiments {

struct BenchKernel {
  std::string_view name;
  kernels::Isa isa;
  std::size_t own_from = 1;  // kernels::Kernel::own_from
};

struct BenchOperands {
  const std::uint8_t* weights;  // [weight_bytes(rows, cols)]
  std::size_t rows, cols, tokens;
  const std::uint8_t* x;  // [x_bytes(cols, tokens)]
  std::uint8_t* y;        // [y_bytes(rows, tokens)]
};

struct BenchFamily {
  std::string_view name;       // "matmul_t2p"
  kernels::Datatype datatype;  // whose peak bounds it
  std::vector<BenchKernel> (*kernels)();
  std::size_t (*weight_bytes)(std::size_t rows, std::size_t cols);
  void (*make_weights)(std::size_t rows, std::size_t cols, std::uint8_t* out);  // legal, random
  std::size_t (*x_bytes)(std::size_t cols, std::size_t tokens);
  void (*make_x)(std::size_t cols, std::size_t tokens, std::uint8_t* out);  // out is zeroed
  std::size_t (*y_bytes)(std::size_t rows, std::size_t tokens);
  // The product by the kernel of this index, spread over the pool where that pays.
  void (*run)(kernels::ThreadPool& pool, std::size_t kernel, const BenchOperands& o);
  bool host_row_only = false;  // other rows are not measured
};

std::span<const BenchFamily> bench_families();

// From here on: how rows of the table are made.

template <typename Table>
std::vector<BenchKernel> names_of(const Table& table) {
  std::vector<BenchKernel> names;
  for (const auto& kernel : table) names.push_back({kernel.name, kernel.isa, kernel.own_from});
  return names;
}

// rows(begin, end) over [0, n) in parts that begin at multiples of `grain`; in one where all of
// them read less than a second thread would have to.
template <typename Rows>
void spread_rows(kernels::ThreadPool& pool, std::size_t n, std::size_t grain, std::size_t bytes,
                 const Rows& rows) {
  // Below it one thread is done before a second one has gained more than its start costs.
  constexpr std::size_t kMinParallelBytes = 256 * 1024;
  if (pool.threads() == 1 || bytes < kMinParallelBytes)
    rows(std::size_t{0}, n);
  else
    pool.parallel_for(n, grain, std::cref(rows));
}

// Small integers, or quarters of them: exact in every float format that a family takes.
template <typename X>
X activation(std::size_t k) {
  const auto value = static_cast<int>(k % 251) - 125;
  if constexpr (sizeof(X) == 1)
    return static_cast<X>(value);
  else
    return static_cast<X>(value) / 4;
}

// Families of kernels::TernaryFn. kPack has the contract of TernaryFormat::pack.
template <auto kTable, kernels::Geometry kGeometry, auto kPack>
struct TernaryBench {
  static std::vector<BenchKernel> kernels() { return names_of(kTable()); }
  static std::size_t weight_bytes(std::size_t rows, std::size_t cols) {
    return kGeometry.bytes(rows, cols);
  }
  static void make_weights(std::size_t rows, std::size_t cols, std::uint8_t* out) {
    std::mt19937 rng(1);
    std::vector<std::int8_t> trits(rows * cols);
    for (std::int8_t& trit : trits)
      trit = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
    kPack(trits.data(), rows, cols, 1.0f, out);
  }
  static std::size_t x_bytes(std::size_t cols, std::size_t tokens) {
    return tokens * kernels::activation_stride(cols);
  }
  static void make_x(std::size_t cols, std::size_t tokens, std::uint8_t* out) {
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t k = 0; k < cols; ++k)
        out[t * kernels::activation_stride(cols) + k] =
            static_cast<std::uint8_t>(activation<std::int8_t>(t + k));
  }
  static std::size_t y_bytes(std::size_t rows, std::size_t tokens) {
    return rows * tokens * sizeof(std::int32_t);
  }
  static void run(kernels::ThreadPool& pool, std::size_t kernel, const BenchOperands& o) {
    const kernels::TernaryView all = {o.weights, o.rows, o.cols};
    spread_rows(pool, o.rows, kGeometry.panel_rows, weight_bytes(o.rows, o.cols) * o.tokens,
                [&](std::size_t begin, std::size_t end) {
                  kTable()[kernel].run(all.slice(kGeometry, begin, end),
                                       reinterpret_cast<const std::int8_t*>(o.x),
                                       kernels::activation_stride(o.cols), o.tokens,
                                       reinterpret_cast<std::int32_t*>(o.y) + begin, o.rows);
                });
  }
};

template <auto kTable, kernels::Geometry kGeometry, auto kPack>
constexpr BenchFamily ternary_family(std::string_view name) {
  using B = TernaryBench<kTable, kGeometry, kPack>;
  return {name,
          kernels::Datatype::kInt8,
          B::kernels,
          B::weight_bytes,
          B::make_weights,
          B::x_bytes,
          B::make_x,
          B::y_bytes,
          B::run};
}

inline constexpr std::size_t kDenseGrain = 16;

// Families of kernels::DenseFn. kDraw makes a legal weight of 32 random bits.
template <auto kTable, auto kDraw, typename Fn>
struct DenseBench;

template <auto kTable, auto kDraw, typename W, typename X, typename Y>
struct DenseBench<kTable, kDraw,
                  void(const kernels::DenseView<W>&, const X*, std::size_t, std::size_t, Y*,
                       std::size_t) noexcept> {
  static std::vector<BenchKernel> kernels() { return names_of(kTable()); }
  static std::size_t weight_bytes(std::size_t rows, std::size_t cols) {
    return rows * cols * sizeof(W);
  }
  static void make_weights(std::size_t rows, std::size_t cols, std::uint8_t* out) {
    std::mt19937 rng(1);
    for (std::size_t i = 0; i < rows * cols; ++i) {
      const W weight = kDraw(static_cast<std::uint32_t>(rng()));
      std::memcpy(out + i * sizeof(W), &weight, sizeof(W));
    }
  }
  static std::size_t x_bytes(std::size_t cols, std::size_t tokens) {
    return cols * tokens * sizeof(X);
  }
  static void make_x(std::size_t cols, std::size_t tokens, std::uint8_t* out) {
    for (std::size_t i = 0; i < cols * tokens; ++i) {
      const X value = activation<X>(i);
      std::memcpy(out + i * sizeof(X), &value, sizeof(X));
    }
  }
  static std::size_t y_bytes(std::size_t rows, std::size_t tokens) {
    return rows * tokens * sizeof(Y);
  }
  static void run(kernels::ThreadPool& pool, std::size_t kernel, const BenchOperands& o) {
    const kernels::DenseView<W> all = {reinterpret_cast<const W*>(o.weights), o.rows, o.cols};
    spread_rows(pool, o.rows, kDenseGrain, weight_bytes(o.rows, o.cols) * o.tokens,
                [&](std::size_t begin, std::size_t end) {
                  kTable()[kernel].run(all.slice(begin, end), reinterpret_cast<const X*>(o.x),
                                       o.cols, o.tokens, reinterpret_cast<Y*>(o.y) + begin, o.rows);
                });
  }
};

template <auto kTable, auto kDraw>
constexpr BenchFamily dense_family(std::string_view name, kernels::Datatype datatype) {
  using Fn = std::remove_pointer_t<decltype(kTable()[0].run)>;
  using B = DenseBench<kTable, kDraw, Fn>;
  return {name,       datatype,  B::kernels, B::weight_bytes, B::make_weights,
          B::x_bytes, B::make_x, B::y_bytes, B::run};
}

// ternary_linears() over the same weights and tables, as models call it: sums become floats.
template <auto kTable, kernels::Geometry kGeometry, auto kPack>
struct LinearsBench : TernaryBench<kTable, kGeometry, kPack> {
  using Base = TernaryBench<kTable, kGeometry, kPack>;
  static std::vector<BenchKernel> kernels() {
    static const std::vector<std::string> names = [] {
      std::vector<std::string> all;
      for (const BenchKernel& row : Base::kernels())
        all.push_back("linears" + std::string(row.name.substr(row.name.find('_'))));
      return all;
    }();
    std::vector<BenchKernel> rows = Base::kernels();
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = {names[i], rows[i].isa};
    return rows;
  }
  // Behind the activations, a scale for each token.
  static std::size_t x_bytes(std::size_t cols, std::size_t tokens) {
    return Base::x_bytes(cols, tokens) + tokens * sizeof(float);
  }
  static void make_x(std::size_t cols, std::size_t tokens, std::uint8_t* out) {
    Base::make_x(cols, tokens, out);
    const std::vector<float> scales(tokens, 0.5f);
    std::memcpy(out + Base::x_bytes(cols, tokens), scales.data(), tokens * sizeof(float));
  }
  static void run(kernels::ThreadPool& pool, std::size_t kernel, const BenchOperands& o) {
    const kernels::TernaryLinear linear = {
        {o.weights, o.rows, o.cols}, 0.25f, reinterpret_cast<float*>(o.y), o.rows, false};
    kernels::ternary_linears(
        pool, {kTable()[kernel].run, kGeometry}, {&linear, 1},
        reinterpret_cast<const std::int8_t*>(o.x), kernels::activation_stride(o.cols),
        reinterpret_cast<const float*>(o.x + Base::x_bytes(o.cols, o.tokens)), o.tokens);
  }
};

template <auto kTable, kernels::Geometry kGeometry, auto kPack>
constexpr BenchFamily linears_family(std::string_view name) {
  using B = LinearsBench<kTable, kGeometry, kPack>;
  BenchFamily family = ternary_family<kTable, kGeometry, kPack>(name);
  family.kernels = B::kernels;
  family.x_bytes = B::x_bytes;
  family.make_x = B::make_x;
  family.run = B::run;
  family.host_row_only = true;
  return family;
}

}  // namespace tern::experiments
