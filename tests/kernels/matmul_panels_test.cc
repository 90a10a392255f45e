// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel of t2p and t5p that the host can run, stand-ins too, against sums over
// unpacked trits: both sides of every panel, block and batch; extremes; single weights at every
// position; arrays that end at an unreadable page; any alignment and stride. Packing against the
// definition of the layouts; every byte; what is no packed matrix.
// Parameters: the tables, shapes, fillings. A new row is tested with no edit here.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/ternary/panels.h"
#include "tests/kernels/death.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/shifted.h"

namespace tern::kernels {
namespace {

struct Layout {
  const char* name;
  Geometry g;
  std::span<const Kernel<TernaryFn>> kernels;
  std::size_t (*bytes)(std::size_t, std::size_t) noexcept;
  void (*pack)(const std::int8_t*, std::size_t, std::size_t, float, std::uint8_t*) noexcept;
  FormatProblem (*unpack)(const std::uint8_t*, std::size_t, std::size_t, std::size_t, std::size_t,
                          std::int8_t*, float*) noexcept;
};

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {
      {"t2p", {16, 16, 64}, matmul_t2p_kernels(), t2p_bytes, pack_t2p, unpack_t2p},
      {"t5p", {16, 20, 64}, matmul_t5p_kernels(), t5p_bytes, pack_t5p, unpack_t5p},
  };
  return all;
}

std::vector<std::int8_t> random_trits(std::size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<std::int8_t> t(n);
  for (std::int8_t& v : t) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  return t;
}

// From the words of panels.h and t5p_code.h: one weight at a time.
std::vector<std::uint8_t> packed_by_definition(const Layout& l,
                                               const std::vector<std::int8_t>& trits,
                                               std::size_t rows, std::size_t cols) {
  const std::size_t panels = (rows + 15) / 16;
  const std::size_t blocks = (cols + l.g.block_cols - 1) / l.g.block_cols;
  std::vector<std::uint8_t> out(panels * blocks * 64);
  const auto code = [&](std::size_t r, std::size_t k) -> unsigned {
    return r < rows && k < cols ? static_cast<unsigned>(trits[r * cols + k] + 1) : 1u;
  };
  for (std::size_t r = 0; r < panels * 16; ++r)
    for (std::size_t i = 0; i < blocks; ++i)
      for (std::size_t b = 0; b < 4; ++b) {
        unsigned byte = 0;
        const std::size_t k0 = i * l.g.block_cols + b;
        if (l.g.block_cols == 16) {
          for (std::size_t p = 0; p < 4; ++p) byte |= code(r, k0 + 4 * p) << (2 * p);
        } else {
          const auto c = [&](std::size_t n) { return code(r, k0 + 4 * n); };
          const unsigned v = 84 * c(0) + 28 * c(1) + 9 * c(2) + 3 * c(3) + c(4);
          byte = v / 16 + v / 4 % 4 * 16 + v % 4 * 64;
        }
        out[(r / 16 * blocks + i) * 64 + r % 16 * 4 + b] = static_cast<std::uint8_t>(byte);
      }
  return out;
}

enum class Fill { kRandom, kAllPlusMax, kAllPlusMin, kAllMinusMin, kAllMinusMax, kAlternating };

struct Problem {
  std::size_t rows, cols, tokens, ldx;
  std::vector<std::int8_t> trits;  // [rows, cols]
  std::vector<std::int8_t> x;      // [tokens, ldx]

  Problem(std::size_t rows_, std::size_t cols_, std::size_t tokens_, Fill fill, unsigned seed = 1)
      : rows(rows_), cols(cols_), tokens(tokens_), ldx(activation_stride(cols_)) {
    trits = random_trits(rows * cols, seed);
    std::mt19937 rng(seed + 1);
    x.assign(tokens * ldx, 0);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t k = 0; k < cols; ++k) {
        int v = static_cast<int>(rng() % 256) - 128;
        if (fill == Fill::kAllPlusMax || fill == Fill::kAllMinusMax) v = 127;
        if (fill == Fill::kAllPlusMin || fill == Fill::kAllMinusMin) v = -128;
        if (fill == Fill::kAlternating) v = (k + t) % 2 == 0 ? 127 : -128;
        x[t * ldx + k] = static_cast<std::int8_t>(v);
      }
    for (std::size_t i = 0; i < trits.size(); ++i) {
      if (fill == Fill::kAllPlusMax || fill == Fill::kAllPlusMin) trits[i] = 1;
      if (fill == Fill::kAllMinusMax || fill == Fill::kAllMinusMin) trits[i] = -1;
      if (fill == Fill::kAlternating) trits[i] = i % cols % 2 == 0 ? 1 : -1;
    }
  }

  std::vector<std::int32_t> expected() const {
    std::vector<std::int32_t> y(tokens * rows, 0);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t k = 0; k < cols; ++k)
          y[t * rows + r] += trits[r * cols + k] * x[t * ldx + k];
    return y;
  }
};

void check_all_kernels(const Problem& p) {
  const std::vector<std::int32_t> expected = p.expected();
  const Guarded<std::int8_t> x(p.x);
  for (const Layout& l : layouts()) {
    const Guarded<std::uint8_t> w(packed_by_definition(l, p.trits, p.rows, p.cols));
    for (const auto& kernel : l.kernels) {
      if (!host_has(kernel.isa)) continue;  // isa_test complains where TERN_REQUIRE_ISA is set
      INFO(kernel.name << " rows=" << p.rows << " cols=" << p.cols << " tokens=" << p.tokens);
      const Guarded<std::int32_t> y(std::vector<std::int32_t>(p.tokens * p.rows, -1));
      kernel.run({w.data(), p.rows, p.cols}, x.data(), p.ldx, p.tokens, y.data(), p.rows);
      CHECK(std::vector<std::int32_t>(y.data(), y.data() + p.tokens * p.rows) == expected);
    }
  }
}

TEST_CASE("a panel product equals the sum over unpacked trits at every edge of its shapes",
          "[kernels]") {
  for (const std::size_t cols : {1, 2, 3, 4, 5, 15, 16, 17, 19, 20, 21, 63, 64, 65, 257, 641, 997})
    for (const std::size_t rows : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33})
      check_all_kernels(Problem(rows, cols, 1, Fill::kRandom, static_cast<unsigned>(rows * cols)));
}

TEST_CASE("a panel product takes every number of tokens on both sides of the unpacking",
          "[kernels]") {
  for (std::size_t tokens = 1; tokens <= 35; ++tokens)
    for (const std::size_t rows : {5, 16, 61})
      check_all_kernels(Problem(rows, 147, tokens, Fill::kRandom, static_cast<unsigned>(tokens)));
  check_all_kernels(Problem(113, 640, 64, Fill::kRandom));
  check_all_kernels(Problem(17, 2100, 261, Fill::kRandom));  // tokens in blocks, columns in chunks
  check_all_kernels(Problem(33, 7000, 150, Fill::kRandom));  // more activations than L2 is to hold
  check_all_kernels(Problem(3, 40, 0, Fill::kRandom));
}

TEST_CASE("a panel product neither saturates nor wraps at the extremes up to 65536 columns",
          "[kernels]") {
  const auto fill = GENERATE(Fill::kAllPlusMax, Fill::kAllPlusMin, Fill::kAllMinusMax,
                             Fill::kAllMinusMin, Fill::kAlternating);
  // Both sides of what an int16 lane can take.
  for (const std::size_t cols : {240, 256, 260, 272, 6912, 32000, 32020, 65535, 65536})
    for (const std::size_t tokens : {1, 2, 3, 9, 17})
      check_all_kernels(Problem(cols > 7000 ? 2 : 18, cols, tokens, fill));
}

TEST_CASE("a panel product of one weight is that weight times its activation", "[kernels]") {
  // A code decoded to the wrong place, or with the wrong sign, shows.
  constexpr std::size_t kCols = 85, kRows = 17, kTokens = 3;
  for (std::size_t r = 0; r < kRows; r += 4)
    for (std::size_t k = 0; k < kCols; ++k)
      for (const int trit : {-1, 1}) {
        Problem p(kRows, kCols, kTokens, Fill::kRandom, 7);
        std::fill(p.trits.begin(), p.trits.end(), std::int8_t{0});
        p.trits[r * kCols + k] = static_cast<std::int8_t>(trit);
        for (const Layout& l : layouts()) {
          const auto w = packed_by_definition(l, p.trits, kRows, kCols);
          for (const auto& kernel : l.kernels) {
            if (!host_has(kernel.isa)) continue;
            std::vector<std::int32_t> y(kTokens * kRows, -1), one(kTokens * kRows, 0);
            for (std::size_t t = 0; t < kTokens; ++t)
              one[t * kRows + r] = trit * p.x[t * p.ldx + k];
            kernel.run({w.data(), kRows, kCols}, p.x.data(), p.ldx, kTokens, y.data(), kRows);
            INFO(kernel.name << " row " << r << " column " << k);
            REQUIRE(y == one);
          }
        }
      }
}

TEST_CASE("a panel product takes any alignment and stride and writes nothing but y", "[kernels]") {
  for (const std::size_t tokens : {1, 3, 19}) {
    const Problem p(21, 170, tokens, Fill::kRandom, 3);
    const std::vector<std::int32_t> expected = p.expected();
    for (const Layout& l : layouts()) {
      const auto packed = packed_by_definition(l, p.trits, p.rows, p.cols);
      for (const auto& kernel : l.kernels) {
        if (!host_has(kernel.isa)) continue;
        for (const std::size_t shift : {1, 3, 17, 33, 63}) {
          const std::size_t ldy = p.rows + shift;
          const Shifted in(packed, p.x, p.ldx, tokens, shift);
          std::vector<std::int32_t> y(tokens * ldy + 1, 77);
          kernel.run({in.weights(), p.rows, p.cols}, in.activations(), in.ldx, tokens, y.data() + 1,
                     ldy);
          INFO(kernel.name << " shift=" << shift << " tokens=" << tokens);
          CHECK(y.front() == 77);
          for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t r = 0; r < ldy; ++r)
              REQUIRE(y[1 + t * ldy + r] == (r < p.rows ? expected[t * p.rows + r] : 77));
        }
      }
    }
  }
}

TEST_CASE("rows of a panel product may be cut at any panel", "[kernels]") {
  const Problem p(70, 300, 5, Fill::kRandom, 11);
  const std::vector<std::int32_t> expected = p.expected();
  for (const Layout& l : layouts()) {
    const auto packed = packed_by_definition(l, p.trits, p.rows, p.cols);
    const TernaryView whole = {packed.data(), p.rows, p.cols};
    std::vector<std::int32_t> y(p.tokens * p.rows, -1);
    const auto& kernel = kernel_for(l.kernels, selected_isa());
    for (const auto& [begin, end] : {std::pair{32, 64}, {0, 32}, {64, 70}})
      kernel.run(whole.slice(l.g, static_cast<std::size_t>(begin), static_cast<std::size_t>(end)),
                 p.x.data(), p.ldx, p.tokens, y.data() + begin, p.rows);
    CHECK(y == expected);
  }
}

TEST_CASE("panels are packed as they are defined and unpack to the same trits", "[kernels]") {
  for (const Layout& l : layouts())
    for (const std::size_t cols : {1, 4, 15, 16, 17, 20, 21, 61, 100, 2560})
      for (const std::size_t rows : {1, 15, 16, 17, 40}) {
        INFO(l.name << " rows=" << rows << " cols=" << cols);
        const auto trits = random_trits(rows * cols, static_cast<unsigned>(rows + cols));
        const auto expected = packed_by_definition(l, trits, rows, cols);
        REQUIRE(l.bytes(rows, cols) == expected.size());
        std::vector<std::uint8_t> packed(expected.size() + 1, 0xee);
        l.pack(trits.data(), rows, cols, 1.0f, packed.data());
        REQUIRE(packed.back() == 0xee);
        packed.pop_back();
        REQUIRE(packed == expected);
        std::vector<std::int8_t> back(rows * cols, 9);
        REQUIRE(l.unpack(packed.data(), rows, cols, 0, rows, back.data(), nullptr).kind ==
                FormatProblem::Kind::kNone);
        REQUIRE(back == trits);
      }
}

TEST_CASE("every byte of a panel is legal or found at its weight", "[kernels]") {
  constexpr std::size_t kRows = 16, kRow = 5;
  for (const Layout& l : layouts()) {
    const std::size_t cols = 3 * l.g.block_cols;
    std::size_t legal = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      auto packed = packed_by_definition(l, std::vector<std::int8_t>(kRows * cols, 0), kRows, cols);
      packed[64 + 4 * kRow + 2] = static_cast<std::uint8_t>(byte);
      std::vector<std::int8_t> trits(kRows * cols, 9);
      const FormatProblem p = l.unpack(packed.data(), kRows, cols, 0, kRows, trits.data(), nullptr);
      if (p.kind == FormatProblem::Kind::kNone) {
        ++legal;
        CHECK(packed_by_definition(l, trits, kRows, cols) == packed);
      } else {
        INFO(l.name << " byte " << byte);
        CHECK(p.kind == FormatProblem::Kind::kIllegalCode);
        CHECK(p.index / cols == kRow);
        CHECK(p.index % cols / l.g.block_cols == 1);
        CHECK(p.index % 4 == 2);
      }
    }
    CHECK(legal == (l.g.block_cols == 16 ? 81 : 243));
  }
}

TEST_CASE("a weight past the matrix is found where it lies", "[kernels]") {
  for (const Layout& l : layouts()) {
    const std::size_t rows = 17, cols = l.g.block_cols + 1;
    const std::vector<std::int8_t> trits(rows * cols, 0);
    const auto good = packed_by_definition(l, trits, rows, cols);
    for (std::size_t at = 0; at < good.size(); ++at) {
      const std::size_t row = at / 128 * 16 + at % 64 / 4, block = at / 64 % 2;
      const bool inside = row < rows && (block == 0 || at % 4 == 0);
      if (inside) continue;
      auto bad = good;
      bad[at] = 0;  // all codes 0, weight -1
      std::vector<std::int8_t> out(rows * cols);
      const FormatProblem p = l.unpack(bad.data(), rows, cols, 0, rows, out.data(), nullptr);
      INFO(l.name << " byte " << at);
      CHECK(p.kind == FormatProblem::Kind::kBadPadding);
      CHECK(p.index == at);
    }
  }
}

TEST_CASE("packing what is no trit into panels ends the program", "[kernels]") {
  for (const Layout& l : layouts())
    for (const int value : {-128, -2, 2, 127}) {
      const Death death = death_of([&] {
        std::vector<std::int8_t> trits(130, 0);
        trits[129] = static_cast<std::int8_t>(value);
        std::vector<std::uint8_t> packed(l.bytes(1, 130));
        l.pack(trits.data(), 1, 130, 1.0f, packed.data());
      });
      CHECK(death.aborted);
      CHECK_THAT(death.said, Catch::Contains("trit"));
    }
}

}  // namespace
}  // namespace tern::kernels
