// SPDX-License-Identifier: Apache-2.0
//
// One matrix of a loaded model on its way into another format of kernels/formats. Trits stay what
// they are whatever format they pass through; floats are rounded once.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "kernels/thread_pool.h"
#include "models/config.h"
#include "models/model.h"
#include "models/tensor_stream.h"

namespace tern::models {

// Which row of the source a row of the result is: RoPE rotates pairs of rows of attn_q and attn_k,
// and files differ in which (shared/reference/formats.md 6.7).
struct RowOrder {
  RopePairing from = RopePairing::kHalfSplit, to = RopePairing::kHalfSplit;
  std::size_t head_dim = 2;

  bool same() const { return from == to; }
  std::size_t source_row(std::size_t row) const;
};

// bfloat16 weights that become ternary when they are read: those of T whose mean |W| is gamma.
inline constexpr std::string_view kMasterFormat = "masters";

struct MatrixReport {
  std::string name, from, to;
  std::uint64_t rows = 0, cols = 0, bytes = 0;
  bool from_ternary = false;        // multiplied INT8 activations
  bool ternary = false;             // trits in the file: max_error is that of the scale
  double max_error = 0;             // of any weight
  std::uint64_t trits_changed = 0;  // read back from what was written
  float scale = 0, scale_written = 0;
};

struct MatrixStream {
  std::string format;  // of kernels/formats, or kMasterFormat
  std::uint64_t rows, cols;
  float gamma;  // W = gamma * T where the format is ternary, else 0
  std::function<void(const EmitBytes& emit)> produce;
};

// `ternarize`: dense weights may become ternary, by absmean; without it that is an error.
// `report` must outlive the stream, whose produce() completes it; so must the pool and what the
// matrix points to. Throws std::runtime_error that names tensor and remedy.
MatrixStream convert_matrix(const Linear& matrix, const RowOrder& order, const std::string& format,
                            bool ternarize, kernels::ThreadPool& pool, MatrixReport& report);

// What the file that the matrix came from calls its format: "i2_s", "f16".
std::string_view format_name(const Linear& matrix);

bool is_dense_format(std::string_view name) noexcept;

}  // namespace tern::models
