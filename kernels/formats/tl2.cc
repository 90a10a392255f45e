// SPDX-License-Identifier: Apache-2.0
//
// TL2 (formats.md 6.4). K is cut into ThreeK columns, the largest multiple of BK, and the rest,
// TwoK. In file order:
//   indices of ThreeK: triples as |v|, v = 9a + 3b + c, two in a byte, the first in the high
//     nibble. Nesting, outermost first: BM rows, BK columns, 32 rows, 6 columns, the 32 rows one
//     by one, those of tl2_place();
//   signs of ThreeK, set where v < 0: BM rows, BK columns, 32 rows, 24 columns, then 16 words of 16
//     bits, word q of rows q and q + 16, in which triple t of row q + 16 h is bit 15 - (2 t + h);
//   TwoK as two pairs in a byte (tl.h): BM rows, 32 columns, 32 rows, 4 columns, the 32 rows as
//     above;
//   zeros up to the size that bitnet.cpp's ggml_nbytes computes, which supposes that TwoK is 256,
//     and on to a multiple of 32; there, at the end that ggml_nbytes has without its last 32 bytes,
//     the scale.
// Sources: preprocess_weights_tl2 in microsoft/BitNet, utils/convert-hf-to-gguf-bitnet.py; the
// scale's place: its utils/templates/tl2_gen_transform.h; ggml_nbytes in Eddie-Wang1120/llama.cpp,
// ggml/src/ggml.c.

#include <algorithm>

#include "kernels/check.h"
#include "kernels/formats/layouts.h"
#include "kernels/formats/tl.h"

namespace tern::kernels::tl2 {
namespace {

constexpr std::size_t kRows = 32;

// Cuts and offsets of one shape.
struct Layout {
  Layout(std::size_t rows, std::size_t columns) noexcept {
    const TlPreset* preset = find_tl_preset(rows, columns);
    tiles = preset != nullptr ? preset->tl2 : TlTiles{tl_outer_rows(rows), 96, kRows};
    cols = columns;
    two_k = cols % tiles.bk;
    three_k = cols - two_k;
    signs = rows * three_k / 6;
    pairs = signs + rows * three_k / 24;
    end = pairs + rows * two_k / 4;
    written = (cols - 256) * rows / 3 * 5 / 8 + 256 * rows / 2 * 4 / 8;
    scale = (written + 31) / 32 * 32;
  }

  // The number of the tile of 32 rows and `width` columns at [row, col] of a part of `part`
  // columns cut into outer tiles of `outer`.
  std::size_t tile(std::size_t row, std::size_t col, std::size_t part, std::size_t outer,
                   std::size_t width) const noexcept {
    const std::size_t bm = tiles.bm_outer;
    const std::size_t block = (row / bm * (part / outer) + col / outer) * (bm / kRows);
    return (block + row % bm / kRows) * (outer / width) + col % outer / width;
  }
  std::size_t triples_at(std::size_t row, std::size_t col) const noexcept {
    return tile(row, col, three_k, tiles.bk, 6) * kRows;
  }
  std::size_t signs_at(std::size_t row, std::size_t col) const noexcept {
    return signs + tile(row, col, three_k, tiles.bk, 24) * kRows;
  }
  std::size_t pairs_at(std::size_t row, std::size_t col) const noexcept {
    return pairs + tile(row, col - three_k, two_k, 32, 4) * kRows;
  }

  TlTiles tiles;
  std::size_t cols, three_k, two_k;
  std::size_t signs, pairs, end, written, scale;  // offsets in bytes
};

// The word of row `r` of 32 and the bit of its triple `t` of 8.
std::size_t sign_word(std::size_t r) noexcept { return 2 * (r % 16); }
unsigned sign_shift(std::size_t r, std::size_t t) noexcept {
  return static_cast<unsigned>(15 - (2 * t + r / 16));
}

int value_of(const std::int8_t* t) noexcept { return 9 * t[0] + 3 * t[1] + t[2]; }

constexpr int kMostTriple = 13;

using Triple = std::array<std::int8_t, 3>;
constexpr std::array<Triple, 2 * kMostTriple + 1> kTriples = [] {
  std::array<Triple, 2 * kMostTriple + 1> table{};
  for (int i = 0; i <= 2 * kMostTriple; ++i)
    table[static_cast<std::size_t>(i)] = {static_cast<std::int8_t>(i / 9 - 1),
                                          static_cast<std::int8_t>(i / 3 % 3 - 1),
                                          static_cast<std::int8_t>(i % 3 - 1)};
  return table;
}();

// Two triples by their signs, the first one's in bit 2, the second one's in bit 0, as they lie two
// bits apart in a word, and their byte: six trits in the lower bytes, and 1 in the highest where
// one of them means nothing. Indices with bit 1 set stay unused.
constexpr unsigned kSignsOfSix = 5;
constexpr std::array<std::array<std::uint64_t, 256>, kSignsOfSix + 1> kSixes = [] {
  std::array<std::array<std::uint64_t, 256>, kSignsOfSix + 1> table{};
  for (const unsigned signs : {0u, 1u, 4u, 5u})
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::uint64_t six = 0;
      for (unsigned n = 0; n < 2; ++n) {
        const unsigned index = n == 0 ? byte >> 4 : byte & 15, sign = signs >> (2 - 2 * n) & 1;
        if (index > kMostTriple || (index == 0 && sign != 0)) {
          six |= std::uint64_t{1} << 56;
          continue;
        }
        const int value = sign != 0 ? -static_cast<int>(index) : static_cast<int>(index);
        const Triple& triple = kTriples[static_cast<std::size_t>(value + kMostTriple)];
        for (unsigned k = 0; k < 3; ++k)
          six |= std::uint64_t{static_cast<std::uint8_t>(triple[k])} << (8 * (3 * n + k));
      }
      table[signs][byte] = six;
    }
  return table;
}();

// 24 columns of 32 rows. Returns an offset into trits, or kFine.
constexpr std::size_t kFine = ~std::size_t{0};
std::size_t unpack_triples(const std::uint8_t* triples, const std::uint8_t* signs, std::size_t cols,
                           std::int8_t* trits) noexcept {
#pragma GCC unroll 32
  for (std::size_t r = 0; r < kRows; ++r) {
    std::uint16_t word;
    std::memcpy(&word, signs + sign_word(r), sizeof word);
    std::uint64_t all = 0;
#pragma GCC unroll 4
    for (std::size_t t = 0; t < 8; t += 2) {
      const unsigned signs_of_six = word >> sign_shift(r, t + 1) & kSignsOfSix;
      const std::uint64_t six = kSixes[signs_of_six][triples[t / 2 * kRows + tl2_place(r)]];
      all |= six;
      // Two bytes more, which the next six overwrite, but for the last ones.
      std::memcpy(trits + r * cols + 3 * t, &six, t < 6 ? 8 : 6);
    }
    if (all >> 56 == 0) continue;
    for (std::size_t t = 0; t < 8; ++t) {
      const unsigned byte = triples[t / 2 * kRows + tl2_place(r)];
      const unsigned index = t % 2 == 0 ? byte >> 4 : byte & 15;
      if (index > kMostTriple || (index == 0 && (word >> sign_shift(r, t) & 1) != 0))
        return r * cols + 3 * t;
    }
  }
  return kFine;
}

void pack_triples(const std::int8_t* trits, std::size_t cols, std::uint8_t* triples,
                  std::uint8_t* signs) noexcept {
  std::memset(triples, 0, 4 * kRows);
  std::memset(signs, 0, kRows);
  for (std::size_t r = 0; r < kRows; ++r) {
    std::uint16_t word;
    std::memcpy(&word, signs + sign_word(r), sizeof word);
    for (std::size_t t = 0; t < 8; ++t) {
      const int value = value_of(trits + r * cols + 3 * t);
      std::uint8_t& byte = triples[t / 2 * kRows + tl2_place(r)];
      byte = static_cast<std::uint8_t>(byte | std::abs(value) << (t % 2 == 0 ? 4 : 0));
      if (value < 0) word = static_cast<std::uint16_t>(word | 1u << sign_shift(r, t));
    }
    std::memcpy(signs + sign_word(r), &word, sizeof word);
  }
}

}  // namespace

std::size_t bytes(std::size_t rows, std::size_t cols) noexcept {
  return Layout(rows, cols).scale + kScaleTail;
}

void pack(const std::int8_t* trits, std::size_t rows, std::size_t cols, float scale,
          std::uint8_t* out) noexcept {
  TERN_CHECK(std::all_of(trits, trits + rows * cols, is_trit), "a trit is -1, 0 or +1");
  const Layout l(rows, cols);
  for (std::size_t row = 0; row < rows; row += kRows) {
    const std::int8_t* in = trits + row * cols;
    for (std::size_t col = 0; col < l.three_k; col += 24)
      pack_triples(in + col, cols, out + l.triples_at(row, col), out + l.signs_at(row, col));
    for (std::size_t col = l.three_k; col < cols; col += 4)
      for (std::size_t r = 0; r < kRows; ++r) {
        const std::int8_t* four = in + r * cols + col;
        out[l.pairs_at(row, col) + tl2_place(r)] =
            static_cast<std::uint8_t>(tl_pair(four) << 4 | tl_pair(four + 2));
      }
  }
  std::memset(out + l.end, 0, l.scale - l.end);
  write_scale(scale, out + l.scale);
}

FormatProblem unpack(const std::uint8_t* in, std::size_t rows, std::size_t cols, std::size_t begin,
                     std::size_t end, std::int8_t* trits, float* scale) noexcept {
  using Kind = FormatProblem::Kind;
  const Layout l(rows, cols);
  if (const FormatProblem bad = read_scale(in + l.scale, scale)) return bad;
  for (std::size_t row = begin; row < end; row += kRows) {
    std::int8_t* out = trits + (row - begin) * cols;
    for (std::size_t col = 0; col < l.three_k; col += 24) {
      const std::size_t bad =
          unpack_triples(in + l.triples_at(row, col), in + l.signs_at(row, col), cols, out + col);
      if (bad != kFine) return {Kind::kIllegalCode, row * cols + col + bad};
    }
    for (std::size_t col = l.three_k; col < cols; col += 4)
      for (std::size_t r = 0; r < kRows; ++r) {
        const std::uint8_t byte = in[l.pairs_at(row, col) + tl2_place(r)];
        const TlFour& four = kTlFours[byte];
        if (!four.legal)
          return {Kind::kIllegalCode, (row + r) * cols + col + (byte >> 4 > 8 ? 0u : 2u)};
        std::memcpy(out + r * cols + col, four.trits, sizeof four.trits);
      }
  }
  if (end == rows)
    for (std::size_t i = l.end; i < l.written; ++i)
      if (in[i] != 0) return {Kind::kBadPadding, i};
  return {};
}

}  // namespace tern::kernels::tl2
