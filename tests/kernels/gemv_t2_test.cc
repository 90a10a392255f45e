// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel the host can run against sums over unpacked trits: one and several
// blocks, partial blocks, both sides of every step and of every number of rows per pass; random
// data and the extremes; arrays that end at an unreadable page; rows read from any address.
// Parameters: the kernel table, shapes, fillings. A new row is tested with no edit here.

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/gemv.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

enum class Fill { kRandom, kAllPlusMax, kAllPlusMin, kAllMinusMin, kAllMinusMax, kAlternating };

struct Problem {
  std::size_t rows, cols, blocks;
  std::vector<int> trits;            // [rows, cols]
  std::vector<std::uint8_t> packed;  // [rows, blocks, 32]
  std::vector<std::int8_t> x;        // [blocks * 128], junk past cols

  Problem(std::size_t rows_, std::size_t cols_, Fill fill, unsigned seed = 1)
      : rows(rows_), cols(cols_), blocks((cols_ + 127) / 128), trits(rows * cols) {
    std::mt19937 rng(seed);
    x.resize(blocks * 128);
    for (std::size_t k = 0; k < x.size(); ++k) {
      int v = static_cast<int>(rng() % 256) - 128;
      if (k < cols) {
        if (fill == Fill::kAllPlusMax || fill == Fill::kAllMinusMax) v = 127;
        if (fill == Fill::kAllPlusMin || fill == Fill::kAllMinusMin) v = -128;
        if (fill == Fill::kAlternating) v = k % 2 == 0 ? 127 : -128;
      }
      x[k] = static_cast<std::int8_t>(v);
    }
    for (std::size_t i = 0; i < trits.size(); ++i) {
      trits[i] = static_cast<int>(rng() % 3) - 1;
      if (fill == Fill::kAllPlusMax || fill == Fill::kAllPlusMin) trits[i] = 1;
      if (fill == Fill::kAllMinusMax || fill == Fill::kAllMinusMin) trits[i] = -1;
      if (fill == Fill::kAlternating) trits[i] = i % cols % 2 == 0 ? 1 : -1;
    }
    // The format, from its definition: code w + 1, element j in byte j % 32, first group on top.
    packed.assign(rows * blocks * 32, 0);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < blocks * 128; ++k) {
        const int code = (k < cols ? trits[r * cols + k] : 0) + 1;
        const std::size_t j = k % 128;
        std::uint8_t& byte = packed[(r * blocks + k / 128) * 32 + j % 32];
        byte = static_cast<std::uint8_t>(byte | (code << (6 - 2 * (j / 32))));
      }
  }

  std::vector<std::int32_t> expected() const {
    std::vector<std::int32_t> y(rows, 0);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < cols; ++k) y[r] += trits[r * cols + k] * x[k];
    return y;
  }
};

void check_all_kernels(const Problem& p) {
  const Guarded<std::uint8_t> w(p.packed);
  const Guarded<std::int8_t> x(p.x);
  const std::vector<std::int32_t> expected = p.expected();
  for (const auto& kernel : gemv_t2_kernels()) {
    if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
    INFO(kernel.name << " rows=" << p.rows << " cols=" << p.cols);
    const Guarded<std::int32_t> y(std::vector<std::int32_t>(p.rows, -1));
    kernel.run({w.data(), p.rows, p.blocks}, x.data(), y.data());
    CHECK(std::vector<std::int32_t>(y.data(), y.data() + p.rows) == expected);
  }
}

TEST_CASE("gemv_t2 equals the sum over unpacked trits at every edge of its shapes", "[kernels]") {
  for (const std::size_t cols : {1, 2, 31, 127, 128, 129, 255, 256, 257, 383, 385, 641, 997, 2560})
    for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 15, 17})
      check_all_kernels(Problem(rows, cols, Fill::kRandom, static_cast<unsigned>(rows * cols)));
}

TEST_CASE("gemv_t2 neither saturates nor wraps at the extremes up to 65536 columns", "[kernels]") {
  const auto fill = GENERATE(Fill::kAllPlusMax, Fill::kAllPlusMin, Fill::kAllMinusMax,
                             Fill::kAllMinusMin, Fill::kAlternating);
  // 2048 columns are what an int16 lane of the AVX2 kernel can take; then one block more.
  for (const std::size_t cols : {1, 128, 2048, 2176, 4096, 6912, 65535, 65536})
    for (const std::size_t rows : {1, 9}) check_all_kernels(Problem(rows, cols, fill));
}

TEST_CASE("gemv_t2 is linear in single weights at every position of two blocks", "[kernels]") {
  // One weight of -1 alone, and one of +1 alone: a field decoded to the wrong place shows.
  for (std::size_t at = 0; at < 384; ++at) {
    Problem p(1, 384, Fill::kRandom, 7);
    for (std::size_t k = 0; k < 384; ++k) p.x[k] = static_cast<std::int8_t>(k % 251 - 125);
    for (const int trit : {-1, 1}) {
      std::fill(p.packed.begin(), p.packed.end(), std::uint8_t{0x55});
      const unsigned shift = 6 - 2 * static_cast<unsigned>(at % 128 / 32);
      std::uint8_t& byte = p.packed[at / 128 * 32 + at % 32];
      byte = static_cast<std::uint8_t>((byte & ~(3u << shift)) |
                                       (static_cast<unsigned>(trit + 1) << shift));
      for (const auto& kernel : gemv_t2_kernels()) {
        if (!host_has(kernel.isa)) continue;
        std::int32_t y = -1;
        kernel.run({p.packed.data(), 1, 3}, p.x.data(), &y);
        INFO(kernel.name << " position " << at);
        CHECK(y == trit * p.x[at]);
      }
    }
  }
}

TEST_CASE("gemv_t2 takes pointers of any alignment and writes nothing but y", "[kernels]") {
  const Problem p(9, 640, Fill::kRandom, 3);
  const std::vector<std::int32_t> expected = p.expected();
  for (const auto& kernel : gemv_t2_kernels()) {
    if (!host_has(kernel.isa)) continue;
    for (const std::size_t shift : {1, 3, 17, 33, 63}) {
      std::vector<std::uint8_t> w(p.packed.size() + shift);
      std::vector<std::int8_t> x(p.x.size() + shift);
      std::copy(p.packed.begin(), p.packed.end(), w.begin() + static_cast<std::ptrdiff_t>(shift));
      std::copy(p.x.begin(), p.x.end(), x.begin() + static_cast<std::ptrdiff_t>(shift));
      std::vector<std::int32_t> y(p.rows + 2, 77);
      kernel.run({w.data() + shift, p.rows, p.blocks}, x.data() + shift, y.data() + 1);
      INFO(kernel.name << " shift=" << shift);
      CHECK(y.front() == 77);
      CHECK(y.back() == 77);
      CHECK(std::vector<std::int32_t>(y.begin() + 1, y.end() - 1) == expected);
    }
  }
}

TEST_CASE("gemv_t2 of no rows writes nothing", "[kernels]") {
  const Problem p(1, 128, Fill::kRandom);
  for (const auto& kernel : gemv_t2_kernels()) {
    if (!host_has(kernel.isa)) continue;
    std::int32_t y = 77;
    kernel.run({p.packed.data(), 0, p.blocks}, p.x.data(), &y);
    CHECK(y == 77);
  }
}

}  // namespace
}  // namespace tern::kernels
