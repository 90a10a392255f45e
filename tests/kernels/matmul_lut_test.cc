// SPDX-License-Identifier: Apache-2.0
//
// State space: every kernel of lut2 and lut3 that the host can run against sums over trits: every
// pair and triple at every place of a panel's block; edge shapes and numbers of tokens; extremes
// up to 65,536 columns; any alignment and stride; arrays that end at an unreadable page. Packing:
// every packer against the definition of the layouts; round trips, what is no trit, every illegal
// code, weights past the matrix.
// Parameters: the two layouts, their tables of kernels and packers, shapes, tokens, fillings.

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <vector>

#include "kernels/ternary/lut_pack.h"
#include "tests/kernels/death.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/shifted.h"

namespace tern::kernels {
namespace {

using Kind = FormatProblem::Kind;

// What the tests know of a layout, by its definition in lut.h.
struct Layout {
  std::string_view name;
  std::span<const Kernel<TernaryFn>> (*kernels)() noexcept;
  std::size_t width;         // columns of a group
  std::size_t block_groups;  // groups of a block
  std::size_t block_bytes;
  decltype(lut2_bytes)* bytes;
  decltype(pack_lut2)* pack;
  decltype(unpack_lut2)* unpack;
  std::span<const Kernel<PackLutPanelFn>> (*packers)() noexcept;

  std::size_t block_cols() const { return width * block_groups; }
  std::size_t blocks(std::size_t cols) const { return (cols + block_cols() - 1) / block_cols(); }
  std::size_t size(std::size_t rows, std::size_t cols) const {
    return (rows + 63) / 64 * blocks(cols) * block_bytes;
  }

  // Byte of the code of weight (r, k), and of its sign; bits from the bottom.
  std::size_t code_byte(std::size_t r, std::size_t k, std::size_t cols) const {
    const std::size_t block = (r / 64 * blocks(cols) + k / block_cols()) * block_bytes;
    const std::size_t group = k % block_cols() / width;
    return block + group / 2 * 64 + r % 64 / 32 * 32 + group % 2 * 16 + r % 16;
  }
  std::size_t code_shift(std::size_t r) const { return r % 32 < 16 ? 0 : 4; }
  std::size_t sign_byte(std::size_t r, std::size_t k, std::size_t cols) const {
    return code_byte(r, k, cols) + (4 - k % block_cols() / width / 2) * 64;
  }
  std::size_t sign_shift(std::size_t r, std::size_t k) const {
    return 7 - 2 * (k % block_cols() / width / 2) - (r % 32 < 16 ? 0 : 1);
  }

  std::vector<std::uint8_t> pack_by_definition(const std::vector<std::int8_t>& trits,
                                               std::size_t rows, std::size_t cols) const {
    std::vector<std::uint8_t> out(size(rows, cols));
    const auto weight = [&](std::size_t r, std::size_t k) {
      return r < rows && k < cols ? int{trits[r * cols + k]} : 0;
    };
    for (std::size_t r = 0; r < (rows + 63) / 64 * 64; ++r)
      for (std::size_t k = 0; k < blocks(cols) * block_cols(); k += width) {
        int code = 0;
        for (std::size_t j = 0; j < width; ++j) code = 3 * code + weight(r, k + j);
        if (width == 2) code += 4;
        if (code < 0) out[sign_byte(r, k, cols)] |= std::uint8_t(1u << sign_shift(r, k));
        out[code_byte(r, k, cols)] |= std::uint8_t(unsigned(std::abs(code)) << code_shift(r));
      }
    return out;
  }
};

const std::array kLayouts = {
    Layout{"lut2", matmul_lut2_kernels, 2, 2, 64, lut2_bytes, pack_lut2, unpack_lut2,
           pack_lut2_kernels},
    Layout{"lut3", matmul_lut3_kernels, 3, 8, 320, lut3_bytes, pack_lut3, unpack_lut3,
           pack_lut3_kernels},
};

enum class Fill { kRandom, kAllPlusMax, kAllPlusMin, kAllMinusMax, kAllMinusMin, kAlternating };

struct Problem {
  std::size_t rows, cols, tokens, ldx;
  std::vector<std::int8_t> trits;  // [rows, cols]
  std::vector<std::int8_t> x;      // [tokens, ldx], 0 past cols

  Problem(std::size_t rows_, std::size_t cols_, std::size_t tokens_, Fill fill, unsigned seed = 1)
      : rows(rows_),
        cols(cols_),
        tokens(tokens_),
        ldx(activation_stride(cols_)),
        trits(rows * cols),
        x(tokens * ldx) {
    std::mt19937 rng(seed);
    for (std::size_t i = 0; i < trits.size(); ++i) {
      int v = static_cast<int>(rng() % 3) - 1;
      if (fill == Fill::kAllPlusMax || fill == Fill::kAllPlusMin) v = 1;
      if (fill == Fill::kAllMinusMax || fill == Fill::kAllMinusMin) v = -1;
      if (fill == Fill::kAlternating) v = (i / cols + i % cols) % 2 == 0 ? 1 : -1;
      trits[i] = static_cast<std::int8_t>(v);
    }
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t k = 0; k < cols; ++k) {
        int v = static_cast<int>(rng() % 256) - 128;
        if (fill == Fill::kAllPlusMax || fill == Fill::kAllMinusMax) v = 127;
        if (fill == Fill::kAllPlusMin || fill == Fill::kAllMinusMin) v = -128;
        if (fill == Fill::kAlternating) v = k % 2 == 0 ? 127 : -128;
        x[t * ldx + k] = static_cast<std::int8_t>(v);
      }
  }

  // [tokens, ldy], with -7 where nothing may be written.
  std::vector<std::int32_t> expected(std::size_t ldy) const {
    std::vector<std::int32_t> y((tokens - 1) * ldy + rows, -7);
    for (std::size_t t = 0; t < tokens; ++t)
      for (std::size_t r = 0; r < rows; ++r) {
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < cols; ++k) sum += trits[r * cols + k] * x[t * ldx + k];
        y[t * ldy + r] = sum;
      }
    return y;
  }
};

void check_kernels(const Layout& layout, const Problem& p) {
  const Guarded<std::uint8_t> w(layout.pack_by_definition(p.trits, p.rows, p.cols));
  const Guarded<std::int8_t> x(p.x);
  const std::size_t ldy = p.rows + 3;
  const std::vector<std::int32_t> expected = p.expected(ldy);
  for (const auto& kernel : layout.kernels()) {
    if (!host_has(kernel.isa)) continue;
    INFO(kernel.name << " rows=" << p.rows << " cols=" << p.cols << " tokens=" << p.tokens);
    const Guarded<std::int32_t> y(std::vector<std::int32_t>(expected.size(), -7));
    kernel.run({w.data(), p.rows, p.cols}, x.data(), p.ldx, p.tokens, y.data(), ldy);
    CHECK(std::vector<std::int32_t>(y.data(), y.data() + expected.size()) == expected);
  }
}

TEST_CASE("matmul_lut equals the sum over trits at every edge of its shapes", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const std::size_t cols :
         {1, 2, 3, 4, 5, 23, 24, 25, 31, 32, 33, 47, 48, 49, 127, 640, 997})
      for (const std::size_t rows : {1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129})
        check_kernels(layout, Problem(rows, cols, 1 + (rows + cols) % 3, Fill::kRandom,
                                      static_cast<unsigned>(rows * 1000 + cols)));
}

TEST_CASE("matmul_lut takes any number of tokens", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const std::size_t tokens : {1, 2, 3, 4, 5, 16, 17, 35})
      for (const std::size_t cols : {7, 100, 5003})  // 5003: fewer tables than tokens are kept
        check_kernels(layout, Problem(70, cols, tokens, Fill::kRandom, 5));
}

TEST_CASE("matmul_lut neither saturates nor wraps at the extremes up to 65536 columns",
          "[kernels]") {
  const auto fill = GENERATE(Fill::kAllPlusMax, Fill::kAllPlusMin, Fill::kAllMinusMax,
                             Fill::kAllMinusMin, Fill::kAlternating);
  // 4096, 6144, 8192 and 12288 columns are what 16-bit sums can take on NEON and AVX2.
  for (const Layout& layout : kLayouts)
    for (const std::size_t cols :
         {1, 32, 48, 4096, 4100, 6144, 6168, 8192, 8196, 12288, 12312, 65535, 65536})
      check_kernels(layout, Problem(1, cols, 2, fill));
  // Every lane of a panel.
  for (const Layout& layout : kLayouts) check_kernels(layout, Problem(64, 65536, 1, fill));
}

TEST_CASE("matmul_lut looks up every tuple of weights at every place of two blocks", "[kernels]") {
  // One group of weights alone in each row and 48 columns: a code, sign or table at the wrong
  // place shows. Row r holds tuple (r + shift), so that every row meets every tuple.
  for (const Layout& layout : kLayouts) {
    const std::size_t tuples = layout.width == 2 ? 9 : 27;
    for (std::size_t at = 0; at < 48; at += layout.width)
      for (std::size_t shift = 0; shift < tuples; ++shift) {
        Problem p(64, 48, 1, Fill::kRandom, static_cast<unsigned>(at));
        std::fill(p.trits.begin(), p.trits.end(), std::int8_t{0});
        for (std::size_t k = 0; k < 48; ++k)
          if (shift % 2 == 0) p.x[k] = static_cast<std::int8_t>(k % 3 == 1 ? -128 : 127 - k);
        for (std::size_t r = 0; r < 64; ++r)
          for (std::size_t j = 0, code = (r + shift) % tuples; j < layout.width; ++j, code /= 3)
            p.trits[r * 48 + at + j] = static_cast<std::int8_t>(static_cast<int>(code % 3) - 1);
        check_kernels(layout, p);
      }
  }
}

TEST_CASE("matmul_lut takes any alignment and stride and slices of whole panels", "[kernels]") {
  for (const std::size_t tokens : {1, 3, 19}) {
    const Problem p(200, 130, tokens, Fill::kRandom, 3);
    for (const Layout& layout : kLayouts) {
      const std::vector<std::uint8_t> packed = layout.pack_by_definition(p.trits, 200, 130);
      const Geometry g = {64, layout.block_cols(), layout.block_bytes};
      for (const std::size_t shift : {1, 3, 17, 33, 63}) {
        const std::size_t ldy = p.rows + shift;
        const Shifted in(packed, p.x, p.ldx, tokens, shift);
        const TernaryView view{in.weights(), 200, 130};
        const std::vector<std::int32_t> expected = p.expected(ldy);
        for (const auto& kernel : layout.kernels()) {
          if (!host_has(kernel.isa)) continue;
          std::vector<std::int32_t> y(1 + expected.size(), -7);
          for (const std::size_t begin : {0, 64, 128})
            kernel.run(view.slice(g, begin, begin == 128 ? 200 : begin + 64), in.activations(),
                       in.ldx, tokens, y.data() + 1 + begin, ldy);
          INFO(kernel.name << " shift=" << shift << " tokens=" << tokens);
          CHECK(y.front() == -7);
          CHECK(std::vector<std::int32_t>(y.begin() + 1, y.end()) == expected);
        }
      }
    }
  }
}

TEST_CASE("matmul_lut of no rows or no tokens writes nothing", "[kernels]") {
  const Problem p(1, 48, 1, Fill::kRandom);
  for (const Layout& layout : kLayouts) {
    const std::vector<std::uint8_t> w = layout.pack_by_definition(p.trits, 1, 48);
    for (const auto& kernel : layout.kernels()) {
      if (!host_has(kernel.isa)) continue;
      std::int32_t y = 77;
      kernel.run({w.data(), 0, 48}, p.x.data(), p.ldx, 1, &y, 1);
      kernel.run({w.data(), 1, 48}, p.x.data(), p.ldx, 0, &y, 1);
      CHECK(y == 77);
    }
  }
}

TEST_CASE("every packer of a lut panel packs as defined", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const std::size_t cols :
         {1,  2,  3,  4,  5,  15, 16, 17, 23,  24,  25,  31,  32,  33,  47,
          48, 49, 63, 64, 65, 95, 96, 97, 127, 128, 129, 143, 144, 145, 997})
      for (const std::size_t rows : {1, 2, 15, 16, 17, 31, 32, 33, 63, 64}) {
        const Problem p(rows, cols, 1, Fill::kRandom, static_cast<unsigned>(rows * 1000 + cols));
        const Guarded<std::int8_t> trits(p.trits);
        const std::vector<std::uint8_t> expected = layout.pack_by_definition(p.trits, rows, cols);
        for (const auto& packer : layout.packers()) {
          if (!host_has(packer.isa)) continue;
          INFO(packer.name << " rows=" << rows << " cols=" << cols);
          const Guarded<std::uint8_t> packed(std::vector<std::uint8_t>(expected.size(), 0xaa));
          packer.run(trits.data(), rows, cols, packed.data());
          CHECK(std::vector<std::uint8_t>(packed.data(), packed.data() + expected.size()) ==
                expected);
        }
      }
}

TEST_CASE("every packer of a lut panel takes any alignment and every tuple", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const std::size_t shift : {1, 3, 17, 33, 63}) {
      // Tuples count on from group to group, and one more from row to row: each comes to each
      // place.
      Problem p(64, 27 * 16, 1, Fill::kRandom);
      for (std::size_t i = 0; i < p.trits.size(); ++i) {
        std::size_t tuple = i / layout.width + i / p.cols;
        for (std::size_t j = i % layout.width; j > 0; --j) tuple /= 3;
        p.trits[i] = static_cast<std::int8_t>(static_cast<int>(tuple % 3) - 1);
      }
      std::vector<std::int8_t> trits(shift);
      trits.insert(trits.end(), p.trits.begin(), p.trits.end());
      const std::vector<std::uint8_t> expected = layout.pack_by_definition(p.trits, p.rows, p.cols);
      for (const auto& packer : layout.packers()) {
        if (!host_has(packer.isa)) continue;
        std::vector<std::uint8_t> packed(shift + expected.size() + 1, 0xaa);
        packer.run(trits.data() + shift, p.rows, p.cols, packed.data() + shift);
        INFO(packer.name << " shift=" << shift);
        CHECK(packed[shift - 1] == 0xaa);
        CHECK(packed.back() == 0xaa);
        CHECK(std::equal(expected.begin(), expected.end(),
                         packed.begin() + static_cast<std::ptrdiff_t>(shift)));
      }
    }
}

TEST_CASE("packing what is no trit into lut formats ends the program", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const int value : {-128, -2, 2, 127})
      for (const std::size_t at : {0, 129}) {
        const Death death = death_of([&] {
          std::vector<std::int8_t> trits(130, 0);
          trits[at] = static_cast<std::int8_t>(value);
          std::vector<std::uint8_t> packed(layout.bytes(1, 130));
          layout.pack(trits.data(), 1, 130, 1.0f, packed.data());
        });
        CHECK(death.aborted);
        CHECK_THAT(death.said, Catch::Contains("trit"));
      }
}

TEST_CASE("lut formats pack as defined and unpack what they packed", "[kernels]") {
  for (const Layout& layout : kLayouts)
    for (const std::size_t cols : {1, 2, 3, 4, 23, 24, 25, 47, 48, 49, 95, 96, 97, 300})
      for (const std::size_t rows : {1, 17, 63, 64, 65, 130}) {
        INFO(layout.name << " rows=" << rows << " cols=" << cols);
        const Problem p(rows, cols, 1, Fill::kRandom, static_cast<unsigned>(rows + cols));
        const Guarded<std::int8_t> trits(p.trits);
        REQUIRE(layout.bytes(rows, cols) == layout.size(rows, cols));
        const Guarded<std::uint8_t> packed(
            std::vector<std::uint8_t>(layout.size(rows, cols), 0xaa));
        layout.pack(trits.data(), rows, cols, 1.0f, packed.data());
        const std::vector<std::uint8_t> bytes(packed.data(),
                                              packed.data() + layout.size(rows, cols));
        CHECK(bytes == layout.pack_by_definition(p.trits, rows, cols));
        for (const std::size_t begin : {std::size_t{0}, rows / 2}) {
          for (const std::size_t end : {begin, rows}) {
            std::vector<std::int8_t> back((end - begin) * cols, 9);
            float scale = -5;
            const FormatProblem problem =
                layout.unpack(packed.data(), rows, cols, begin, end, back.data(), &scale);
            CHECK(problem.kind == Kind::kNone);
            CHECK(scale == -5);
            CHECK(back == std::vector<std::int8_t>(
                              p.trits.begin() + static_cast<std::ptrdiff_t>(begin * cols),
                              p.trits.begin() + static_cast<std::ptrdiff_t>(end * cols)));
          }
        }
      }
}

TEST_CASE("lut formats refuse codes that mean nothing and weights past the matrix", "[kernels]") {
  constexpr std::size_t kRows = 70, kCols = 31;
  for (const Layout& layout : kLayouts) {
    const std::vector<std::int8_t> zeros(kRows * kCols, 0);
    const std::vector<std::uint8_t> good = layout.pack_by_definition(zeros, kRows, kCols);
    const unsigned legal = layout.width == 2 ? 9 : 14, zero = layout.width == 2 ? 4 : 0;
    const auto unpack = [&](const std::vector<std::uint8_t>& bytes) {
      std::vector<std::int8_t> trits(kRows * kCols);
      return layout.unpack(bytes.data(), kRows, kCols, 0, kRows, trits.data(), nullptr);
    };
    for (std::size_t r = 0; r < 128; ++r)
      for (std::size_t k = 0; k < layout.blocks(kCols) * layout.block_cols(); k += layout.width) {
        const bool real = r < kRows && k < kCols;
        const std::size_t at = layout.code_byte(r, k, kCols);
        for (unsigned code = 0; code < 16; ++code) {
          std::vector<std::uint8_t> bytes = good;
          bytes[at] = static_cast<std::uint8_t>((bytes[at] & ~(15u << layout.code_shift(r))) |
                                                code << layout.code_shift(r));
          const FormatProblem problem = unpack(bytes);
          INFO(layout.name << " row " << r << " column " << k << " code " << code);
          if (real && code >= legal) {
            CHECK(problem.kind == Kind::kIllegalCode);
            CHECK(problem.index == r * kCols + k);
          } else if (!real && code != zero) {
            CHECK(problem.kind == Kind::kBadPadding);
            CHECK(problem.index == at);
          } else if (real && k + layout.width > kCols) {
            // The last column holds the first weight of its group: the others must be 0.
            const bool only_first = layout.width == 2 ? code % 3 == 1 : code == 0 || code == 9;
            CHECK(problem.kind == (only_first ? Kind::kNone : Kind::kBadPadding));
          } else {
            CHECK(problem.kind == Kind::kNone);
          }
        }
        if (layout.width == 2) continue;
        std::vector<std::uint8_t> bytes = good;  // minus zero
        bytes[layout.sign_byte(r, k, kCols)] ^= std::uint8_t(1u << layout.sign_shift(r, k));
        const FormatProblem problem = unpack(bytes);
        CHECK(problem.kind == (real ? Kind::kIllegalCode : Kind::kBadPadding));
        CHECK(problem.index == (real ? r * kCols + k : at));
      }
  }
}

}  // namespace
}  // namespace tern::kernels
