// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against sums of trits, over rows around the four that
// go together, blocks around the pair of a register and the 15 of a 16-bit sum, at the ends of the
// range and at random, in arrays that end at an unreadable page; an illegal code at every byte of a
// block and in each of its fields.
// Parameters: the table, rows, blocks. A new row is tested with no edit here.

#include "kernels/ternary/t2_rows.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

struct Case {
  std::size_t rows, blocks;
  std::vector<std::int8_t> trits;  // [rows, blocks * 128]
  std::vector<std::int8_t> x;      // [blocks * 128]

  std::size_t cols() const { return blocks * kT2BlockTrits; }
  std::vector<std::uint8_t> packed() const {
    std::vector<std::uint8_t> bytes(rows * blocks * kT2BlockBytes);
    for (std::size_t r = 0; r < rows; ++r)
      pack_t2(trits.data() + r * cols(), cols(), bytes.data() + r * blocks * kT2BlockBytes);
    return bytes;
  }
  std::vector<std::int32_t> sums() const {
    std::vector<std::int32_t> y(rows);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < cols(); ++k) y[r] += trits[r * cols() + k] * x[k];
    return y;
  }
};

template <typename Trit, typename X>
Case filled(std::size_t rows, std::size_t blocks, const Trit& trit, const X& x) {
  Case c{rows, blocks, {}, {}};
  for (std::size_t i = 0; i < rows * c.cols(); ++i) c.trits.push_back(trit());
  for (std::size_t i = 0; i < c.cols(); ++i) c.x.push_back(x());
  return c;
}

void check_all(const Case& c) {
  const Guarded<std::uint8_t> w(c.packed());
  const Guarded<std::int8_t> x(c.x);
  const std::vector<std::int32_t> expected = c.sums();
  for (const auto& kernel : t2_rows_kernels()) {
    if (!host_has(kernel.isa)) continue;
    INFO(kernel.name << " rows=" << c.rows << " blocks=" << c.blocks);
    const Guarded<std::int32_t> y(std::vector<std::int32_t>(c.rows, -1));
    CHECK(kernel.run({w.data(), c.rows, c.blocks}, x.data(), y.data()));
    CHECK(std::vector<std::int32_t>(y.data(), y.data() + c.rows) == expected);
  }
}

TEST_CASE("rows as files hold them give the sums of their trits", "[kernels]") {
  std::mt19937 rng(7);
  for (const std::size_t rows : {0, 1, 3, 4, 5, 8, 11})
    for (const std::size_t blocks : {1, 2, 3, 14, 15, 16, 31, 54}) {
      check_all(filled(
          rows, blocks, [&] { return static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1); },
          [&] { return static_cast<std::int8_t>(rng()); }));
      for (const int trit : {-1, 1})
        for (const int x : {-128, 127})
          check_all(filled(
              rows, blocks, [&] { return static_cast<std::int8_t>(trit); },
              [&] { return static_cast<std::int8_t>(x); }));
    }
}

TEST_CASE("a code that stands for nothing is told, wherever it lies", "[kernels]") {
  const Case c = filled(
      5, 3, [] { return std::int8_t{1}; }, [] { return std::int8_t{1}; });
  const std::vector<std::uint8_t> sound = c.packed();
  for (std::size_t at = 0; at < sound.size(); ++at)
    for (int field = 0; field < 4; ++field) {
      std::vector<std::uint8_t> bytes = sound;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] | 3 << (2 * field));
      for (const auto& kernel : t2_rows_kernels()) {
        if (!host_has(kernel.isa)) continue;
        std::vector<std::int32_t> y(c.rows);
        const bool legal = kernel.run({bytes.data(), c.rows, c.blocks}, c.x.data(), y.data());
        if (legal) FAIL(kernel.name << ": byte " << at << ", field " << field);
      }
    }
}

}  // namespace
}  // namespace tern::kernels
