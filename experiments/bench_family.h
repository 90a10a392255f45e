// SPDX-License-Identifier: Apache-2.0
//
// What `tern bench kernels` must know of a kernel family: how large its weights are, how to make
// some, how to multiply. One row of bench_families.cc per family; its kernels come from its table.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/isa.h"
#include "kernels/roofline/peak.h"
#include "kernels/ternary/ternary.h"
#include "kernels/thread_pool.h"

namespace tern::experiments {

struct BenchKernel {
  std::string_view name;
  kernels::Isa isa;
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
  std::size_t grain;           // rows between which it can be cut
  std::vector<BenchKernel> (*kernels)();
  std::size_t (*weight_bytes)(std::size_t rows, std::size_t cols);
  void (*make_weights)(std::size_t rows, std::size_t cols, std::uint8_t* out);  // legal, random
  std::size_t (*x_bytes)(std::size_t cols, std::size_t tokens);
  void (*make_x)(std::size_t cols, std::size_t tokens, std::uint8_t* out);  // out is zeroed
  std::size_t (*y_bytes)(std::size_t rows, std::size_t tokens);
  // Rows [begin, end) of the product by the kernel of this index; begin is a multiple of grain.
  void (*run)(std::size_t kernel, const BenchOperands& o, std::size_t begin, std::size_t end);
};

std::span<const BenchFamily> bench_families();

// The whole product, its rows spread over the pool where that pays.
void run_product(kernels::ThreadPool& pool, const BenchFamily& family, std::size_t kernel,
                 const BenchOperands& o);

// From here on: how rows of the table are made.

template <typename Table>
std::vector<BenchKernel> names_of(const Table& table) {
  std::vector<BenchKernel> names;
  for (const auto& kernel : table) names.push_back({kernel.name, kernel.isa});
  return names;
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
  static void run(std::size_t kernel, const BenchOperands& o, std::size_t begin, std::size_t end) {
    const kernels::TernaryView all = {o.weights, o.rows, o.cols};
    kTable()[kernel].run(all.slice(kGeometry, begin, end),
                         reinterpret_cast<const std::int8_t*>(o.x),
                         kernels::activation_stride(o.cols), o.tokens,
                         reinterpret_cast<std::int32_t*>(o.y) + begin, o.rows);
  }
};

template <auto kTable, kernels::Geometry kGeometry, auto kPack>
constexpr BenchFamily ternary_family(std::string_view name) {
  using B = TernaryBench<kTable, kGeometry, kPack>;
  return {name,
          kernels::Datatype::kInt8,
          kGeometry.panel_rows,
          B::kernels,
          B::weight_bytes,
          B::make_weights,
          B::x_bytes,
          B::make_x,
          B::y_bytes,
          B::run};
}

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
  static void run(std::size_t kernel, const BenchOperands& o, std::size_t begin, std::size_t end) {
    const kernels::DenseView<W> all = {reinterpret_cast<const W*>(o.weights), o.rows, o.cols};
    kTable()[kernel].run(all.slice(begin, end), reinterpret_cast<const X*>(o.x), o.cols, o.tokens,
                         reinterpret_cast<Y*>(o.y) + begin, o.rows);
  }
};

inline constexpr std::size_t kDenseGrain = 16;

template <auto kTable, auto kDraw>
constexpr BenchFamily dense_family(std::string_view name, kernels::Datatype datatype) {
  using Fn = std::remove_pointer_t<decltype(kTable()[0].run)>;
  using B = DenseBench<kTable, kDraw, Fn>;
  return {name,       datatype,  kDenseGrain, B::kernels, B::weight_bytes, B::make_weights,
          B::x_bytes, B::make_x, B::y_bytes,  B::run};
}

}  // namespace tern::experiments
