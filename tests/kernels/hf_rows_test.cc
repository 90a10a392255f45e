// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against sums of trits, over rows around the two that
// go together, columns around a register and around the 63 registers of a 16-bit sum, at the ends
// of the range and at random, in weights that end at an unreadable page; an illegal code at every
// byte and in each of its fields. Parameters: the table, rows, columns. A new row is tested with no
// edit here.

#include "kernels/ternary/hf_rows.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/formats/formats.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

template <typename Trit, typename X>
void check_all(std::size_t rows, std::size_t cols, const Trit& trit, const X& x_of) {
  std::vector<std::int8_t> trits, x;
  for (std::size_t i = 0; i < 4 * rows * cols; ++i) trits.push_back(trit());
  for (std::size_t i = 0; i < cols; ++i) x.push_back(x_of());
  std::vector<std::int32_t> expected(4 * rows);
  for (std::size_t r = 0; r < 4 * rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) expected[r] += trits[r * cols + c] * x[c];
  std::vector<std::uint8_t> bytes(rows * cols);
  ternary_format("hf_u8").pack(trits.data(), 4 * rows, cols, 1.0f, bytes.data());
  x.resize(cols + 63);

  const Guarded<std::uint8_t> w(bytes);
  const Guarded<std::int8_t> in(x);
  for (const auto& kernel : hf_rows_kernels()) {
    if (!host_has(kernel.isa)) continue;
    INFO(kernel.name << " rows=" << rows << " cols=" << cols);
    const std::size_t ldy = rows + 3;
    std::vector<std::int32_t> y(4 * ldy, -7);
    CHECK(kernel.run({w.data(), rows, cols}, in.data(), y.data(), ldy));
    std::vector<std::int32_t> got;
    for (std::size_t i = 0; i < 4; ++i) {
      got.insert(got.end(), y.begin() + static_cast<std::ptrdiff_t>(i * ldy),
                 y.begin() + static_cast<std::ptrdiff_t>(i * ldy + rows));
      for (std::size_t r = rows; r < ldy; ++r) CHECK(y[i * ldy + r] == -7);
    }
    CHECK(got == expected);
  }
}

TEST_CASE("four rows to a byte give the sums of their trits", "[kernels]") {
  std::mt19937 rng(9);
  for (const std::size_t rows : {1, 2, 3, 5})
    for (const std::size_t cols : {1, 31, 32, 33, 63, 64, 65, 128, 63 * 32, 63 * 32 + 1, 6912}) {
      check_all(
          rows, cols, [&] { return static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1); },
          [&] { return static_cast<std::int8_t>(rng()); });
      for (const int trit : {-1, 1})
        for (const int x : {-128, 127})
          check_all(
              rows, cols, [&] { return static_cast<std::int8_t>(trit); },
              [&] { return static_cast<std::int8_t>(x); });
    }
}

TEST_CASE("a code that stands for nothing is told in four rows to a byte", "[kernels]") {
  const std::size_t rows = 3, cols = 70;
  const std::vector<std::int8_t> x(cols + 63);
  for (std::size_t at = 0; at < rows * cols; ++at)
    for (int field = 0; field < 4; ++field) {
      std::vector<std::uint8_t> bytes(rows * cols, 0b10'01'00'10);
      bytes[at] = static_cast<std::uint8_t>(bytes[at] | 3 << (2 * field));
      for (const auto& kernel : hf_rows_kernels()) {
        if (!host_has(kernel.isa)) continue;
        std::vector<std::int32_t> y(4 * rows);
        if (kernel.run({bytes.data(), rows, cols}, x.data(), y.data(), rows))
          FAIL(kernel.name << ": byte " << at << ", field " << field);
      }
    }
}

}  // namespace
}  // namespace tern::kernels
