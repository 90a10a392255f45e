// SPDX-License-Identifier: Apache-2.0
//
// The table of layouts. A new one is its functions and its row here.

#include "kernels/formats/formats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "kernels/check.h"
#include "kernels/f16.h"
#include "kernels/formats/layouts.h"
#include "kernels/quantize.h"
#include "kernels/ternary/lut.h"
#include "kernels/ternary/panels.h"

namespace tern::kernels {
namespace {

constexpr std::array kFormats = {
    TernaryFormat{"i2_s", "GGUF 36 (I2_S) of x86",
                  "128 weights of a row in 32 bytes, float32 scale behind", "", 1, 128, true,
                  i2_s::bytes, i2_s::pack, i2_s::unpack, 1, false, i2_s::sound},
    TernaryFormat{"i2_s_arm", "GGUF 36 (I2_S) of ARM",
                  "64 weights of a row in 16 bytes, float32 scale behind", "", 1, 64, true,
                  i2_s_arm::bytes, i2_s_arm::pack, i2_s_arm::unpack, 1, false, i2_s::sound},
    TernaryFormat{"tq1_0", "GGUF 34 (TQ1_0)",
                  "256 weights of a row in 54 bytes: 5 in a byte, float16 scale", "", 1, 256, true,
                  tq1_0::bytes, tq1_0::pack, tq1_0::unpack, 1, true, tq1_0::sound},
    TernaryFormat{"tq2_0", "GGUF 35 (TQ2_0)",
                  "256 weights of a row in 66 bytes: 4 in a byte, float16 scale", "", 1, 256, true,
                  tq2_0::bytes, tq2_0::pack, tq2_0::unpack, 1, true, tq2_0::sound},
    TernaryFormat{"tl1", "GGUF 38 (TL1)",
                  "16 rows x 4 columns in 16 bytes: 2 pairs in a byte, in tiles (tl.h), float32 "
                  "scale behind",
                  "", 32, 64, true, tl1::bytes, tl1::pack, tl1::unpack},
    TernaryFormat{"tl2", "GGUF 39 (TL2)",
                  "32 rows x 24 columns in 160 bytes: 2 triples in a byte and signs; up to 64 last "
                  "columns as pairs, in tiles (tl.h); padded, float32 scale behind",
                  "", 32, 32, true, tl2::bytes, tl2::pack, tl2::unpack, 256},
    TernaryFormat{"hf_u8", "safetensors U8",
                  "4 rows, a quarter of the matrix apart, in a byte; scale in a tensor of its own",
                  "", 4, 1, false, hf_u8::bytes, hf_u8::pack, hf_u8::unpack, 1, false,
                  hf_u8::sound},
    TernaryFormat{"t2p", "compute only", "16 rows x 16 columns in 64 bytes: 4 in a byte",
                  "matmul_t2p", 1, 1, false, t2p_bytes, pack_t2p, unpack_t2p},
    TernaryFormat{"t5p", "compute only", "16 rows x 20 columns in 64 bytes: 5 in a byte",
                  "matmul_t5p", 1, 1, false, t5p_bytes, pack_t5p, unpack_t5p},
    TernaryFormat{"lut2", "compute only", "64 rows x 4 columns in 64 bytes: 2 pairs in a byte",
                  "matmul_lut2", 1, 1, false, lut2_bytes, pack_lut2, unpack_lut2},
    TernaryFormat{"lut3", "compute only",
                  "64 rows x 24 columns in 320 bytes: 2 triples in a byte and signs", "matmul_lut3",
                  1, 1, false, lut3_bytes, pack_lut3, unpack_lut3},
};

constexpr std::size_t kRunBytes = std::size_t{1} << 18;  // of trits: a quarter of a cache
constexpr std::size_t kMostWeights = std::size_t{1} << 48;

[[noreturn]] void fail(const std::string& tensor, const std::string& what) {
  throw std::runtime_error(tensor + ": " + what);
}

std::string scale_text(double scale) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", scale);
  return text;
}

std::string weight_text(std::size_t index, std::size_t cols) {
  return "weight " + std::to_string(index) + " (row " + std::to_string(index / cols) + ", column " +
         std::to_string(index % cols) + ")";
}

}  // namespace

void throw_problem(const TernaryFormat& format, const FormatProblem& problem, float scale,
                   std::size_t cols, const std::string& tensor) {
  using Kind = FormatProblem::Kind;
  const std::string layout(format.name), found = scale_text(problem.scale);
  switch (problem.kind) {
    case Kind::kIllegalCode:
      fail(tensor, weight_text(problem.index, cols) + " has a code that means nothing in " +
                       layout + ": the file is damaged or of another layout");
    case Kind::kBadScale:
      fail(tensor, "the " + layout + " scale at " + weight_text(problem.index, cols) + " is " +
                       found + ", expected a finite one above 0" +
                       (problem.scale == 0 && format.half_scale
                            ? " (0 only where all weights of the block are 0)"
                            : ""));
    case Kind::kMixedScales:
      fail(tensor, "the " + layout + " scale at " + weight_text(problem.index, cols) + " is " +
                       found + ", an earlier one is " + scale_text(static_cast<double>(scale)) +
                       "; one scale per tensor is supported");
    case Kind::kBadPadding:
      fail(tensor, "byte " + std::to_string(problem.index) + ", which pads the " + layout +
                       " weights, is not 0: the file is damaged or of another layout");
    case Kind::kNone:
      break;
  }
  TERN_CHECK(false, "no problem is no failure");
  std::abort();
}

void check_bytes(const TernaryFormat& format, std::size_t found, std::size_t rows, std::size_t cols,
                 const std::string& tensor) {
  check_shape(format, rows, cols, tensor);
  const std::size_t expected = format.bytes(rows, cols);
  if (found != expected)
    fail(tensor, "has " + std::to_string(found) + " bytes, expected " + std::to_string(expected) +
                     " of " + std::string(format.name) + " for " + std::to_string(rows) + " x " +
                     std::to_string(cols));
}

namespace {

// Rows [begin, end) with the checks of all.
void unpack_run(const TernaryFormat& format, const std::uint8_t* in, std::size_t rows,
                std::size_t cols, std::size_t begin, std::size_t end, std::int8_t* trits,
                float* scale, const std::string& tensor) {
  const FormatProblem problem = format.unpack(in, rows, cols, begin, end, trits, scale);
  if (problem) throw_problem(format, problem, *scale, cols, tensor);
}

float final_scale(const TernaryFormat& format, float scale) {
  return format.has_scale && scale == 0 ? kScaleFloor : scale;
}

}  // namespace

std::span<const TernaryFormat> ternary_formats() noexcept { return kFormats; }

const TernaryFormat& ternary_format(std::string_view name) {
  std::string names;
  for (const TernaryFormat& format : kFormats) {
    if (format.name == name) return format;
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  throw std::runtime_error("no ternary format '" + std::string(name) + "', expected one of " +
                           names);
}

std::string multiple_problem(const char* what, std::size_t multiple, std::size_t found) {
  if (found % multiple == 0) return "";
  return "needs " + std::string(what) + " in multiples of " + std::to_string(multiple) +
         ", found " + std::to_string(found);
}

std::string shape_problem(const TernaryFormat& format, std::size_t rows, std::size_t cols) {
  if (rows == 0 || cols == 0) return "has no weights";
  if (rows > kMostWeights / cols) return "has too many weights";
  std::string problem = multiple_problem("rows", format.row_multiple, rows);
  if (problem.empty()) problem = multiple_problem("columns", format.col_multiple, cols);
  if (!problem.empty()) return problem;
  if (cols < format.min_cols)
    return "needs at least " + std::to_string(format.min_cols) + " columns, found " +
           std::to_string(cols);
  return "";
}

void check_shape(const TernaryFormat& format, std::size_t rows, std::size_t cols,
                 const std::string& tensor) {
  if (const std::string problem = shape_problem(format, rows, cols); !problem.empty())
    fail(tensor, std::string(format.name) + " " + problem);
}

std::vector<std::uint8_t> pack_tensor(const TernaryFormat& format, const Trits& t, std::size_t rows,
                                      std::size_t cols, const std::string& tensor) {
  check_shape(format, rows, cols, tensor);
  TERN_CHECK(t.trits.size() == rows * cols, "trits of another shape");
  if (const auto bad = std::find_if_not(t.trits.begin(), t.trits.end(), is_trit);
      bad != t.trits.end())
    fail(tensor, weight_text(static_cast<std::size_t>(bad - t.trits.begin()), cols) + " is " +
                     std::to_string(*bad) + ", expected -1, 0 or 1");
  if (format.has_scale) {
    const float stored = format.half_scale ? f16_to_f32(f32_to_f16(t.scale)) : t.scale;
    if (!std::isfinite(stored) || stored <= 0)
      fail(tensor, "has scale " + scale_text(static_cast<double>(t.scale)) +
                       ", expected a finite one above 0" +
                       (format.half_scale ? " as float16" : ""));
  }
  std::vector<std::uint8_t> packed(format.bytes(rows, cols));
  format.pack(t.trits.data(), rows, cols, t.scale, packed.data());
  return packed;
}

Trits unpack_tensor(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                    std::size_t rows, std::size_t cols, const std::string& tensor) {
  check_bytes(format, bytes.size(), rows, cols, tensor);
  Trits t{std::vector<std::int8_t>(rows * cols), 0};
  unpack_run(format, bytes.data(), rows, cols, 0, rows, t.trits.data(), &t.scale, tensor);
  t.scale = final_scale(format, t.scale);
  return t;
}

float unpack_rows(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                  std::size_t rows, std::size_t cols, const std::string& tensor,
                  const UseRows& use) {
  check_bytes(format, bytes.size(), rows, cols, tensor);
  const std::size_t panels = std::max<std::size_t>(1, kRunBytes / (cols * format.row_multiple));
  const std::size_t run = std::min(rows, panels * format.row_multiple);
  std::vector<std::int8_t> trits(run * cols);
  float scale = 0;
  for (std::size_t begin = 0; begin < rows; begin += run) {
    const std::size_t end = std::min(rows, begin + run);
    unpack_run(format, bytes.data(), rows, cols, begin, end, trits.data(), &scale, tensor);
    use(begin, end, trits.data());
  }
  return final_scale(format, scale);
}

float check_tensor(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                   std::size_t rows, std::size_t cols, const std::string& tensor) {
  check_bytes(format, bytes.size(), rows, cols, tensor);
  float scale = 0;
  if (format.sound != nullptr && format.sound(bytes.data(), rows, cols, &scale))
    return final_scale(format, scale);
  return unpack_rows(format, bytes, rows, cols, tensor,
                     [](std::size_t, std::size_t, const std::int8_t*) {});
}

}  // namespace tern::kernels
