// SPDX-License-Identifier: Apache-2.0
//
// The one seam between a model and the machine that computes its matrix products: a CPU kernel
// fills it (models/cpu_engine.h), and so does a simulated accelerator (experiments).

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/dense/dense.h"
#include "kernels/format.h"
#include "kernels/formats/dense_formats.h"
#include "kernels/formats/formats.h"
#include "kernels/ternary/ternary.h"

namespace tern::models {

// A weight matrix of a loaded model. The address of a Matrix is stable and names it: an engine
// may keep what it prepared for it.
struct TernaryMatrix {
  std::string name;  // tensor name in the checkpoint
  std::size_t rows, cols;
  float gamma;                          // W = gamma * T
  std::span<const std::uint8_t> bytes;  // packed and found sound
  // What the bytes are packed as. Null: t2 (kernels/format.h), as I2_S files hold it.
  const kernels::TernaryFormat* format = nullptr;
  // In a read-only mapping of a file: who has no more use for the bytes may give their memory back,
  // and whoever reads them again gets them from the file.
  bool mapped = false;

  std::size_t t2_bytes() const { return rows * kernels::t2_row_bytes(cols); }
  // Where format is null.  [rows, blocks]
  kernels::T2View t2() const { return {bytes.data(), rows, kernels::t2_blocks(cols)}; }
};

// The rows that are packed together: unpack_rows() begins and ends at multiples.
std::size_t row_multiple(const TernaryMatrix& w);

// Rows [begin, end), multiples of row_multiple() or all there are: trits [end - begin, cols].
// Throws std::runtime_error where bytes of a mapping are no longer what was found sound.
void unpack_rows(const TernaryMatrix& w, std::size_t begin, std::size_t end, std::int8_t* trits);

// Weights in one of the formats of kernels/formats/dense_formats.h.
struct DenseMatrix {
  std::string name;
  std::size_t rows, cols;
  const kernels::DenseFormat* format;
  const std::uint8_t* data;  // [rows, row_bytes()], found sound, aligned to its words
  bool mapped = false;       // as above

  std::size_t row_bytes() const { return format->bytes(cols); }
  std::size_t bytes() const { return rows * row_bytes(); }
  // W is the element of the format: f16, bf16 (the same type) or float.
  template <typename W>
  kernels::DenseView<W> view() const {
    return {reinterpret_cast<const W*>(data), rows, cols};
  }
};

// As binary16, which the simulated machines hold. Throws std::runtime_error that names the tensor
// where it is of another format.
kernels::F16View f16_view(const DenseMatrix& w);

// Activations of tokens, quantised per token (kernels/quantize.h).
struct TernaryInput {
  const std::int8_t* q;  // [tokens, stride], 0 past the columns
  std::size_t stride;    // ternary_stride(cols)
  const float* scales;   // [tokens]
  std::size_t tokens;
};

// One matrix that is to meet an input: y[t, r] = or += acc * (gamma / scale[t]).
struct TernaryTask {
  const TernaryMatrix* w;
  float* y;  // [tokens, rows]
  bool accumulate;
};

// Room for whole blocks of the format in the file and of every compute layout.
constexpr std::size_t ternary_stride(std::size_t cols) {
  return std::max(kernels::activation_stride(cols),
                  kernels::t2_blocks(cols) * kernels::kT2BlockTrits);
}

// Some results of a product of one token, among them the largest.
struct LargestRows {
  std::vector<std::uint32_t> rows;  // ascending
  std::vector<float> results;       // exact: what dense() gives

  struct Work {
    std::size_t fine_rows = 0, exact_rows = 0;  // looked at twice; computed from the matrix itself
    std::size_t bytes = 0;                      // read
  } work;
};

class LinearEngine {
 public:
  virtual ~LinearEngine() = default;

  // acc[t, r] = sum over k of T[r, k] * q[t, k], exactly.  acc [tokens, rows]
  virtual void ternary(const TernaryMatrix& w, const TernaryInput& in, std::int32_t* acc) = 0;

  // All matrices of one input, in order, dequantised. Unless the engine knows better: ternary(),
  // then dequantize().
  virtual void ternary_linears(std::span<const TernaryTask> tasks, const TernaryInput& in);

  // Ends what earlier products put off: from now on a product takes no longer than it must.
  virtual void settle() {}

  // What one pass over the matrix reads.
  virtual std::size_t bytes(const TernaryMatrix& w) const { return w.t2_bytes(); }

  // y[t, r], in the defined order of kernels/dense/dense.h.
  //   x  [tokens, cols];  y  [tokens, rows]
  virtual void dense(const DenseMatrix& w, const float* x, std::size_t tokens, float* y) = 0;

  // Results that include the k largest for x [cols], finite; of equal ones all. False, with no more
  // than the work that it took to find out, where the engine has no faster way than dense(), for
  // this matrix, k or x.
  virtual bool largest([[maybe_unused]] const DenseMatrix& w, [[maybe_unused]] const float* x,
                       [[maybe_unused]] std::size_t k, [[maybe_unused]] LargestRows& out) {
    return false;
  }

 private:
  std::vector<std::int32_t> acc_;  // [tokens, rows]
};

}  // namespace tern::models
