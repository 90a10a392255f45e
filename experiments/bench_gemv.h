// SPDX-License-Identifier: Apache-2.0
//
// Rows of bench_families.cc for the matrix-vector families of kernels/gemv.h, which take one token
// a call: several are several calls.

#pragma once

#include "experiments/bench_family.h"
#include "kernels/parallel_gemv.h"

namespace tern::experiments {

inline void gemv_view(const std::uint8_t* w, std::size_t rows, std::size_t cols,
                      kernels::T2View& view) {
  view = {w, rows, kernels::t2_blocks(cols)};
}
inline void gemv_view(const std::uint8_t* w, std::size_t rows, std::size_t cols,
                      kernels::F16View& view) {
  view = {reinterpret_cast<const kernels::f16*>(w), rows, cols};
}
inline void gemv_view(const std::uint8_t* w, std::size_t rows, std::size_t cols,
                      kernels::I8View& view) {
  view = {reinterpret_cast<const std::int8_t*>(w), rows, cols};
}

template <auto kTable, auto kDraw, typename Fn>
struct GemvBench;

template <auto kTable, auto kDraw, typename View, typename X, typename Y>
struct GemvBench<kTable, kDraw, void(const View&, const X*, Y*) noexcept> {
  static View view(const std::uint8_t* w, std::size_t rows, std::size_t cols) {
    View v;
    gemv_view(w, rows, cols, v);
    return v;
  }
  // Room for whole blocks of the t2 format.
  static std::size_t stride(std::size_t cols) { return (cols + 127) / 128 * 128; }

  static std::vector<BenchKernel> kernels() { return names_of(kTable()); }
  static std::size_t weight_bytes(std::size_t rows, std::size_t cols) {
    return kernels::weight_bytes(view(nullptr, rows, cols));
  }
  static void make_weights(std::size_t rows, std::size_t cols, std::uint8_t* out) {
    std::mt19937 rng(1);
    const std::size_t bytes = weight_bytes(rows, cols);
    for (std::size_t i = 0; i < bytes;) {
      const auto weight = kDraw(static_cast<std::uint32_t>(rng()));
      std::memcpy(out + i, &weight, sizeof weight);
      i += sizeof weight;
    }
  }
  static std::size_t x_bytes(std::size_t cols, std::size_t tokens) {
    return stride(cols) * tokens * sizeof(X);
  }
  static void make_x(std::size_t cols, std::size_t tokens, std::uint8_t* out) {
    for (std::size_t i = 0; i < stride(cols) * tokens; ++i) {
      const X value = activation<X>(i);
      std::memcpy(out + i * sizeof(X), &value, sizeof(X));
    }
  }
  static std::size_t y_bytes(std::size_t rows, std::size_t tokens) {
    return rows * tokens * sizeof(Y);
  }
  static void run(std::size_t kernel, const BenchOperands& o, std::size_t begin, std::size_t end) {
    const View part = view(o.weights, o.rows, o.cols).slice(begin, end);
    for (std::size_t t = 0; t < o.tokens; ++t)
      kTable()[kernel].run(part, reinterpret_cast<const X*>(o.x) + t * stride(o.cols),
                           reinterpret_cast<Y*>(o.y) + t * o.rows + begin);
  }
};

template <auto kTable, auto kDraw>
constexpr BenchFamily gemv_family(std::string_view name, kernels::Datatype datatype, bool dense) {
  using B = GemvBench<kTable, kDraw, std::remove_pointer_t<decltype(kTable()[0].run)>>;
  return {name,       datatype,        dense,           kernels::kGemvRowGrain,
          B::kernels, B::weight_bytes, B::make_weights, B::x_bytes,
          B::make_x,  B::y_bytes,      B::run};
}

}  // namespace tern::experiments
