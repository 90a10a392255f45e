// SPDX-License-Identifier: Apache-2.0
//
// Integer jobs for a verilated tern_accelerator, packed bit by bit from the definition of the
// stream, and their products in the dumbest way.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "sim/axi/driver.h"

namespace tern::rtl {

// kBound: every product has the sign and size that takes a sum to its upper end.
enum class Values { kRandom, kExtreme, kBound };

struct Shape {
  unsigned rows, cols, tokens;
};

// What the engine under test is.
struct Machine {
  unsigned format, rows, lanes, max_tokens, max_cols, beat_bytes;
  unsigned weight_bits() const { return std::array<unsigned, 6>{2, 4, 8, 8, 16, 16}[format]; }
  unsigned act_bytes() const { return format >= 4 ? 2 : 1; }
  unsigned steps(unsigned cols) const { return (cols + lanes - 1) / lanes; }
  unsigned groups(unsigned m) const { return (m + rows - 1) / rows; }
};

inline void put_bit(std::vector<std::uint8_t>& bytes, std::size_t at, unsigned bit) {
  bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] | (bit & 1) << (at % 8));
}

struct IntegerOperands {
  Shape shape;
  std::vector<int> w, x;           // [rows, cols], [tokens, cols]
  std::vector<std::int32_t> y;     // [tokens, rows]

  IntegerOperands(const Machine& m, const Shape& s, Values values, std::mt19937& rng) : shape(s) {
    const int low = m.format == 0 ? -1 : -(1 << (m.weight_bits() - 1));
    const int high = m.format == 0 ? 1 : -low - 1;
    w.resize(std::size_t{s.rows} * s.cols);
    x.resize(std::size_t{s.tokens} * s.cols);
    for (int& one : w) {
      one = low + static_cast<int>(rng() % static_cast<unsigned>(high - low + 1));
      if (values == Values::kExtreme) one = rng() % 16 ? low : high;
      if (values == Values::kBound) one = low;
    }
    for (int& one : x) {
      one = static_cast<int>(rng() % 256) - 128;
      if (values == Values::kExtreme) one = rng() % 16 ? -128 : 127;
      if (values == Values::kBound) one = -128;
    }
    for (unsigned t = 0; t < s.tokens; ++t)
      for (unsigned r = 0; r < s.rows; ++r) {
        int sum = 0;
        for (unsigned k = 0; k < s.cols; ++k)
          sum += w[std::size_t{r} * s.cols + k] * x[std::size_t{t} * s.cols + k];
        y.push_back(sum);
      }
  }

  int weight(unsigned row, unsigned col) const {
    return row < shape.rows && col < shape.cols ? w[std::size_t{row} * shape.cols + col] : 0;
  }

  // Two's complement planes, or (nonzero, negative) of trits: [groups, steps, rows, bits, lanes].
  std::vector<std::uint8_t> planes(const Machine& m) const {
    const unsigned bits = m.weight_bits();
    std::vector<std::uint8_t> bytes(std::size_t{m.groups(shape.rows)} * m.steps(shape.cols) *
                                    m.rows * m.lanes * bits / 8);
    std::size_t at = 0;
    for (unsigned g = 0; g < m.groups(shape.rows); ++g)
      for (unsigned s = 0; s < m.steps(shape.cols); ++s)
        for (unsigned r = 0; r < m.rows; ++r)
          for (unsigned b = 0; b < bits; ++b)
            for (unsigned l = 0; l < m.lanes; ++l) {
              const int one = weight(g * m.rows + r, s * m.lanes + l);
              put_bit(bytes, at++, m.format == 0 ? (b == 0 ? one != 0 : one < 0)
                                                 : static_cast<unsigned>(one) >> b);
            }
    return bytes;
  }

  // Bytes of five rows, as planes: [groups, steps, fives, 8, lanes]. `code` gives the byte of five
  // trits, the first row's first.
  template <typename Code>
  std::vector<std::uint8_t> fives(const Machine& m, Code&& code) const {
    std::vector<std::uint8_t> bytes(std::size_t{m.groups(shape.rows)} * m.steps(shape.cols) *
                                    m.rows / 5 * m.lanes);
    std::size_t at = 0;
    for (unsigned g = 0; g < m.groups(shape.rows); ++g)
      for (unsigned s = 0; s < m.steps(shape.cols); ++s)
        for (unsigned five = 0; five < m.rows / 5; ++five)
          for (unsigned b = 0; b < 8; ++b)
            for (unsigned l = 0; l < m.lanes; ++l) {
              std::array<int, 5> trits;
              for (unsigned i = 0; i < 5; ++i)
                trits[i] = weight(g * m.rows + 5 * five + i, s * m.lanes + l);
              put_bit(bytes, at++, static_cast<unsigned>(code(trits)) >> b);
            }
    return bytes;
  }
};

}  // namespace tern::rtl
