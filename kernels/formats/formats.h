// SPDX-License-Identifier: Apache-2.0
//
// Every way ternary weights are laid out, in files and for kernels: one table row each. A row
// packs and unpacks whole matrices, byte-exact with shared/reference/formats.md section 6.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tern::kernels {

// What is wrong with packed bytes, and where.
struct FormatProblem {
  enum class Kind : std::uint8_t {
    kNone,
    kIllegalCode,  // `index` is the weight (row * cols + col) whose code means nothing; of a code
                   // that holds several, the first of them
    kBadScale,     // NaN, infinite, zero or negative: `index` is the block's first weight
    kMixedScales,  // a second scale in a format of one scale per tensor: likewise
    kBadPadding,   // a byte past the matrix that no packer writes: `index` is that byte (not those
                   // behind the scale of I2_S, TL1 and TL2, which files leave as they were)
  };
  Kind kind = Kind::kNone;
  std::size_t index = 0;
  double scale = 0;  // of kBadScale and kMixedScales: what was found

  explicit operator bool() const { return kind != Kind::kNone; }
};

struct TernaryFormat {
  std::string_view name;       // "i2_s"
  std::string_view file_type;  // "GGUF 36 (I2_S)", "safetensors U8"; "compute only"
  std::string_view block;      // its geometry in words: "128 weights of a row in 32 bytes"
  std::string_view kernels;    // the family that multiplies it as it is ("matmul_t2p"), or ""
  std::size_t row_multiple, col_multiple;  // shapes it can hold; 1: any
  bool has_scale;                          // a scale lies in the bytes

  // Bytes of a tensor, scale and padding included. The shape must fit the multiples.
  std::size_t (*bytes)(std::size_t rows, std::size_t cols) noexcept;
  // trits [rows, cols], each -1, 0 or +1; out [bytes(rows, cols)], written whole.
  void (*pack)(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
               std::uint8_t* out) noexcept;
  // The inverse for rows [begin, end) of the matrix (multiples of row_multiple, or its last row):
  // trits [end - begin, cols]. Stops at a problem, the first of those rows or another; what it
  // wrote by then means nothing. `*scale` is used where has_scale: the caller sets it to 0 or to
  // the scale of other rows, and it leaves as the scale of these (as it came, where every block of
  // theirs is zeros and says so by a scale of 0).
  FormatProblem (*unpack)(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                          std::size_t begin, std::size_t end, std::int8_t* trits,
                          float* scale) noexcept;

  std::size_t min_cols = 1;
  bool half_scale = false;  // the scale is binary16: another one is rounded to it
  // Where that can be told at the speed of reading: whether unpack would find no problem in any
  // row; `*scale` enters and leaves as of unpack. Else nullptr.
  bool (*sound)(const std::uint8_t* in, std::size_t rows, std::size_t cols,
                float* scale) noexcept = nullptr;
};

std::span<const TernaryFormat> ternary_formats() noexcept;
// Throws std::runtime_error that lists the names.
const TernaryFormat& ternary_format(std::string_view name);

struct Trits {
  std::vector<std::int8_t> trits;  // [rows, cols]
  float scale = 0;                 // W = scale * T; 0 where the format holds none
};

// The one wording of a number of rows or columns that fills no whole blocks, as the end of a
// sentence that begins with the format: "needs columns in multiples of 128, found 100"; "" where it
// does.
std::string multiple_problem(const char* what, std::size_t multiple, std::size_t found);

// Why the format cannot hold the shape, likewise.
std::string shape_problem(const TernaryFormat& format, std::size_t rows, std::size_t cols);

// pack and unpack behind checks, for bytes that came from outside. Each throws
// std::runtime_error that names the tensor, the index and what is wrong: a shape that the format
// cannot hold, another number of bytes, a scale that is NaN, infinite, zero or negative, an
// illegal code.
void check_shape(const TernaryFormat& format, std::size_t rows, std::size_t cols,
                 const std::string& tensor);
void check_bytes(const TernaryFormat& format, std::size_t found, std::size_t rows, std::size_t cols,
                 const std::string& tensor);
std::vector<std::uint8_t> pack_tensor(const TernaryFormat& format, const Trits& t, std::size_t rows,
                                      std::size_t cols, const std::string& tensor);
Trits unpack_tensor(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                    std::size_t rows, std::size_t cols, const std::string& tensor);

// The same without a copy of the whole: `use` gets rows [begin, end) again and again, in order,
// in runs that fit the second-level cache. Returns the scale. A tensor whose every block is zeros
// and has the scale 0 gets kScaleFloor (quantize.h), as absmean gives to zeros.
using UseRows = std::function<void(std::size_t begin, std::size_t end, const std::int8_t* trits)>;
float unpack_rows(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                  std::size_t rows, std::size_t cols, const std::string& tensor,
                  const UseRows& use);
// Only the checks, for bytes that are used where they lie. Returns the scale.
float check_tensor(const TernaryFormat& format, std::span<const std::uint8_t> bytes,
                   std::size_t rows, std::size_t cols, const std::string& tensor);

// The error of a problem. `scale` is the one that a second scale differs from.
[[noreturn]] void throw_problem(const TernaryFormat& format, const FormatProblem& problem,
                                float scale, std::size_t cols, const std::string& tensor);

}  // namespace tern::kernels
