// SPDX-License-Identifier: Apache-2.0
//
// The uint8 packing of Hugging Face checkpoints (formats.md 6.6; transformers,
// integrations/bitnet.py): byte [r, c] of [rows / 4, cols] holds the codes weight + 1 of rows
// r + i * rows / 4 at bits 2i+1:2i. The scale is a tensor of its own.

#include <algorithm>

#include "kernels/check.h"
#include "kernels/format.h"
#include "kernels/formats/layouts.h"

namespace tern::kernels::hf_u8 {
namespace {

constexpr std::size_t kRun = 64;  // columns at a time: a constant length, so that loops vectorise

// One run of a row at bits kShift+1:kShift. Returns whether its codes are legal.
template <unsigned kShift>
bool unpack_run(const std::uint8_t* __restrict in, std::int8_t* __restrict out) noexcept {
  std::uint8_t most = 0;
  for (std::size_t c = 0; c < kRun; ++c) {
    const auto code = static_cast<std::uint8_t>((in[c] >> kShift) & 3);
    most = std::max(most, code);
    out[c] = static_cast<std::int8_t>(code - 1);
  }
  return most < 3;
}

// The first illegal column of the row, or `cols`.
template <unsigned kShift>
std::size_t unpack_row(const std::uint8_t* in, std::size_t cols, std::int8_t* out) noexcept {
  std::size_t c = 0;
  while (c + kRun <= cols && unpack_run<kShift>(in + c, out + c)) c += kRun;
  for (; c < cols; ++c) {
    const int code = (in[c] >> kShift) & 3;
    if (code == 3) return c;
    out[c] = static_cast<std::int8_t>(code - 1);
  }
  return cols;
}

}  // namespace

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept { return rows / 4 * cols; }

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float,
          std::uint8_t* out) noexcept {
  const std::size_t quarter = rows / 4 * cols;
  TERN_CHECK(std::all_of(trits, trits + 4 * quarter, is_trit), "a trit is -1, 0 or +1");
  for (std::size_t i = 0; i < quarter; ++i) {
    const auto code = [&](std::size_t k) {
      return static_cast<unsigned>(trits[k * quarter + i] + 1) << (2 * k);
    };
    out[i] = static_cast<std::uint8_t>(code(0) | code(1) | code(2) | code(3));
  }
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float*) noexcept {
  constexpr std::size_t (*kUnpackRow[])(const std::uint8_t*, std::size_t, std::int8_t*) noexcept = {
      unpack_row<0>, unpack_row<2>, unpack_row<4>, unpack_row<6>};
  for (std::size_t r = begin; r < end; ++r, trits += cols) {
    const std::size_t quarter = rows / 4;
    const std::size_t stop = kUnpackRow[r / quarter](in + r % quarter * cols, cols, trits);
    if (stop != cols) return {FormatProblem::Kind::kIllegalCode, r * cols + stop};
  }
  return {};
}

bool sound(const std::uint8_t* in, std::size_t rows, std::size_t cols, float*) noexcept {
  return find_illegal_t2(in, bytes(rows, cols)) == bytes(rows, cols);
}

}  // namespace tern::kernels::hf_u8
