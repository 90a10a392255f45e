// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run of every layout against sums of trits that the format
// packs, over rows around the two and the four that go together, columns around a register, around
// the pair of blocks in one and around what a 16-bit sum holds, up to the widest, at the ends of
// the range and at random, in arrays that end at an unreadable page; an illegal code at every byte
// and in each of its fields; every byte of TQ1_0 in each of its places; scales of blocks.
// Parameters: the tables, rows, columns. A new row is tested with no edit here.

#include "kernels/ternary/file_rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/format.h"
#include "kernels/formats/formats.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

struct Case {
  const FileLayout& layout;
  std::size_t rows, cols;           // of bytes
  std::vector<std::int8_t> trits;   // [runs * rows, cols]
  std::vector<std::int8_t> x;       // [cols, rounded up to 128]
  std::vector<std::uint8_t> bytes;  // [rows, row_bytes]

  template <typename Trit, typename X>
  Case(const FileLayout& in, std::size_t n, std::size_t k, const Trit& trit, const X& x_of)
      : layout(in), rows(n), cols(k) {
    for (std::size_t i = 0; i < layout.runs * rows * cols; ++i)
      trits.push_back(static_cast<std::int8_t>(trit()));
    for (std::size_t i = 0; i < cols; ++i) x.push_back(static_cast<std::int8_t>(x_of()));
    x.resize(t2_blocks(cols) * kT2BlockTrits);
    const TernaryFormat& format = ternary_format(layout.format);
    bytes.resize(format.bytes(layout.runs * rows, cols));
    format.pack(trits.data(), layout.runs * rows, cols, 0.75f, bytes.data());
    REQUIRE(bytes.size() >= rows * layout.row_bytes(cols));
    bytes.resize(rows * layout.row_bytes(cols));  // without the scale behind
  }
  std::vector<std::int32_t> sums() const {
    std::vector<std::int32_t> y(layout.runs * rows);
    for (std::size_t r = 0; r < y.size(); ++r)
      for (std::size_t c = 0; c < cols; ++c) y[r] += trits[r * cols + c] * x[c];
    return y;
  }
};

void check_all(const Case& c) {
  const Guarded<std::uint8_t> w(c.bytes);
  const Guarded<std::int8_t> x(c.x);
  const std::vector<std::int32_t> expected = c.sums();
  const std::size_t ldy = c.rows + 3;
  for (const auto& kernel : c.layout.kernels()) {
    if (!host_has(kernel.isa)) continue;
    INFO(kernel.name << " rows=" << c.rows << " cols=" << c.cols);
    // Ends behind the last row: of the last run nothing follows.
    const std::size_t size = (c.layout.runs - 1) * ldy + c.rows;
    const Guarded<std::int32_t> y(std::vector<std::int32_t>(size, -7));
    CHECK(kernel.run({w.data(), c.rows, c.cols}, x.data(), y.data(), ldy));
    std::vector<std::int32_t> got;
    bool others_untouched = true;
    for (std::size_t i = 0; i < size; ++i) {
      if (i % ldy < c.rows)
        got.push_back(y.data()[i]);
      else
        others_untouched &= y.data()[i] == -7;
    }
    CHECK(got == expected);
    CHECK(others_untouched);
  }
}

bool holds(const FileLayout& layout, std::size_t cols) {
  return shape_problem(ternary_format(layout.format), layout.runs, cols).empty();
}

TEST_CASE("rows as files hold them give the sums of their trits", "[kernels]") {
  std::mt19937 rng(7);
  for (const FileLayout& layout : file_layouts())
    for (const std::size_t rows : {0, 1, 2, 3, 4, 5, 8, 11})
      for (const std::size_t cols :
           {1,    31,       32,      33,      63,       64,       65,       128,
            256,  3 * 128,  4 * 128, 5 * 256, 6 * 256,  7 * 256,  13 * 256, 14 * 128,
            1920, 16 * 128, 63 * 32, 2017,    31 * 128, 32 * 128, 54 * 128}) {
        if (!holds(layout, cols)) continue;
        const auto random_trit = [&] { return static_cast<int>(rng() % 3) - 1; };
        check_all(Case(layout, rows, cols, random_trit, [&] { return static_cast<int>(rng()); }));
        for (const int trit : {-1, 1})
          for (const int x : {-128, 127})
            check_all(Case(
                layout, rows, cols, [&] { return trit; }, [&] { return x; }));
      }
}

TEST_CASE("the widest rows that files hold give the sums of their trits", "[kernels]") {
  std::mt19937 rng(8);
  for (const FileLayout& layout : file_layouts())
    for (const int trit : {-1, 1})
      for (const int x : {-128, 127}) {
        check_all(Case(
            layout, 1, kMaxCols, [&] { return trit; }, [&] { return x; }));
        int k = 0;
        const auto either = [&] { return k++ % 2 == 0 ? trit : -trit; };
        check_all(Case(layout, 5, kMaxCols, either, [&] { return x; }));
      }
}

TEST_CASE("a code of two bits that stands for nothing is told, wherever it lies", "[kernels]") {
  for (const FileLayout& layout : file_layouts()) {
    if (layout.format == "tq1_0") continue;
    for (const std::size_t cols : {70, 128, 256, 3 * 128}) {
      if (!holds(layout, cols)) continue;
      const Case c(
          layout, 5, cols, [] { return 1; }, [] { return 1; });
      const std::size_t row_bytes = layout.row_bytes(cols);
      for (std::size_t at = 0; at < c.bytes.size(); ++at) {
        if (layout.format == "tq2_0" && at % row_bytes % 66 >= 64) continue;  // a scale
        for (int field = 0; field < 4; ++field) {
          std::vector<std::uint8_t> bytes = c.bytes;
          bytes[at] = static_cast<std::uint8_t>(bytes[at] | 3 << (2 * field));
          for (const auto& kernel : layout.kernels()) {
            if (!host_has(kernel.isa)) continue;
            std::vector<std::int32_t> y(layout.runs * c.rows);
            if (kernel.run({bytes.data(), c.rows, cols}, c.x.data(), y.data(), c.rows))
              FAIL(kernel.name << ": byte " << at << ", field " << field);
          }
        }
      }
    }
  }
}

TEST_CASE("the scales of blocks have no part in sums", "[kernels]") {
  std::mt19937 rng(10);
  for (const FileLayout& layout : file_layouts()) {
    if (!layout.format.starts_with("tq")) continue;
    const auto trit = [&] { return static_cast<int>(rng() % 3) - 1; };
    Case c(layout, 5, 3 * 256, trit, [&] { return static_cast<int>(rng()); });
    const std::size_t block = layout.row_bytes(256);
    for (const int byte : {0x00, 0x7f, 0xff}) {
      for (std::size_t at = 0; at < c.bytes.size(); at += block)
        std::memset(c.bytes.data() + at + block - 2, byte, 2);
      check_all(c);
    }
  }
}

// Five digits of 3 q / 256, each less one; of the last four bytes the fifth is no weight.
TEST_CASE("every byte of TQ1_0 means what its digits say, wherever it lies", "[kernels]") {
  std::mt19937 rng(11);
  Case c(
      *file_layout("tq1_0"), 52, 256, [] { return 0; }, [&] { return static_cast<int>(rng()); });
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t m = 0; m < 52; ++m) {
      // Row m has the byte at m, and 86 (digits 1, 0, 0, 0, 0) everywhere else.
      std::int8_t* trits = c.trits.data() + m * 256;
      for (std::size_t at = 0; at < 52; ++at) {
        int q = at == m ? byte : 86;
        c.bytes[m * 54 + at] = static_cast<std::uint8_t>(q);
        const std::size_t lanes = at < 32 ? 32 : at < 48 ? 16 : 4;
        const std::size_t first = at < 32 ? at : at < 48 ? 160 + at - 32 : 240 + at - 48;
        for (std::size_t n = 0; n < (at < 48 ? 5u : 4u); ++n, q = 3 * q % 256)
          trits[first + n * lanes] = static_cast<std::int8_t>(3 * q / 256 - 1);
      }
    }
    check_all(c);
  }
}

}  // namespace
}  // namespace tern::kernels
