// SPDX-License-Identifier: Apache-2.0
//
// Jobs for a verilated tern_accelerator, packed bit by bit from the definition of the
// stream, and their products in the dumbest way.

#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/tiles/trit5.h"
#include "sim/axi/driver.h"

namespace tern::rtl {

// kBound: every product has the sign and size that takes a sum to its upper end. kSparse: whole
// tokens of activations between dense and zero.
enum class Values { kRandom, kExtreme, kBound, kSparse };

// How the weights of a job lie: in the engine's own code or another one of ternary engines.
enum class Layout { kOwn, kT2, kColumns };

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
  unsigned tiles(unsigned m) const { return (m + 5 * lanes - 1) / (5 * lanes); }  // by columns
  std::uint32_t code(Layout layout) const {
    if (format != 0 || layout == Layout::kOwn) return format + 1;
    return layout == Layout::kT2 ? 0 : 7;
  }
};

inline void put_bit(std::vector<std::uint8_t>& bytes, std::size_t at, unsigned bit) {
  bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] | (bit & 1) << (at % 8));
}

struct IntegerOperands {
  Shape shape;
  std::vector<int> w, x;         // [rows, cols], [tokens, cols]
  std::vector<std::uint32_t> y;  // [tokens, rows], int32

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
    for (unsigned t = 0; values == Values::kSparse && t < s.tokens; ++t) {
      const unsigned zeros = std::array<unsigned, 6>{0, 4, 8, 13, 15, 16}[rng() % 6];  // of 16
      for (unsigned k = 0; k < s.cols; ++k)
        if (rng() % 16 < zeros) x[std::size_t{t} * s.cols + k] = 0;
    }
    multiply();
  }

  // y of w and x.
  void multiply() {
    y.clear();
    for (unsigned t = 0; t < shape.tokens; ++t)
      for (unsigned r = 0; r < shape.rows; ++r) {
        int sum = 0;
        for (unsigned k = 0; k < shape.cols; ++k)
          sum += w[std::size_t{r} * shape.cols + k] * x[std::size_t{t} * shape.cols + k];
        y.push_back(static_cast<std::uint32_t>(sum));
      }
  }

  int weight(unsigned row, unsigned col) const {
    return row < shape.rows && col < shape.cols ? w[std::size_t{row} * shape.cols + col] : 0;
  }

  std::vector<std::uint8_t> activations(const Machine&, unsigned token) const {
    std::vector<std::uint8_t> bytes;
    for (unsigned k = 0; k < shape.cols; ++k)
      bytes.push_back(static_cast<std::uint8_t>(x[std::size_t{token} * shape.cols + k]));
    return bytes;
  }
  std::vector<std::uint8_t> weights(const Machine& m, Layout layout) const {
    if (m.format == 0 && layout == Layout::kColumns) return columns(m);
    return m.format == 0 && layout == Layout::kOwn ? fives(m) : planes(m);
  }
  // Steps that meet a token.
  std::uint64_t fires(const Machine& m, Layout layout) const {
    if (m.format != 0 || layout != Layout::kColumns)
      return std::uint64_t{m.steps(shape.cols)} * m.groups(shape.rows) * shape.tokens;
    std::uint64_t panels = 0;
    for (unsigned t = 0; t < shape.tokens; ++t) {
      unsigned active = 0;
      for (unsigned k = 0; k < shape.cols; ++k) active += x[std::size_t{t} * shape.cols + k] != 0;
      panels += std::max(1u, m.steps(active));
    }
    return panels * m.tiles(shape.rows) * (5 * m.lanes / m.rows);
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
              put_bit(
                  bytes, at++,
                  m.format == 0 ? (b == 0 ? one != 0 : one < 0) : static_cast<unsigned>(one) >> b);
            }
    return bytes;
  }

  // Bytes of five rows, as planes: [groups, steps, fives, 8, lanes]. The code's table is held to
  // its rules in tests/kernels/tiles_test.cc and tests/rtl/unpack.
  std::vector<std::uint8_t> fives(const Machine& m) const {
    std::vector<std::uint8_t> bytes(std::size_t{m.groups(shape.rows)} * m.steps(shape.cols) *
                                    m.rows / 5 * m.lanes);
    std::size_t at = 0;
    for (unsigned g = 0; g < m.groups(shape.rows); ++g)
      for (unsigned s = 0; s < m.steps(shape.cols); ++s)
        for (unsigned five = 0; five < m.rows / 5; ++five)
          for (unsigned b = 0; b < 8; ++b)
            for (unsigned l = 0; l < m.lanes; ++l)
              put_bit(bytes, at++,
                      static_cast<unsigned>(byte(g * m.rows + 5 * five, s * m.lanes + l)) >> b);
    return bytes;
  }

  // The same bytes by columns: [tiles of 5 lanes rows, columns, lanes].
  std::vector<std::uint8_t> columns(const Machine& m) const {
    std::vector<std::uint8_t> bytes;
    for (unsigned tile = 0; tile < m.tiles(shape.rows); ++tile)
      for (unsigned k = 0; k < shape.cols; ++k)
        for (unsigned five = 0; five < m.lanes; ++five)
          bytes.push_back(byte(5 * (tile * m.lanes + five), k));
    return bytes;
  }

 private:
  std::uint8_t byte(unsigned row, unsigned col) const {
    std::array<std::int8_t, 5> trits;
    for (unsigned i = 0; i < 5; ++i) trits[i] = static_cast<std::int8_t>(weight(row + i, col));
    return kernels::kTrit5Encode[kernels::trit5_index(trits)];
  }
};

__extension__ using Int128 = __int128;

// E4M3, bfloat16 and binary16: any bits but infinities and NaN, unless `specials`.
struct FloatOperands {
  Shape shape;
  std::vector<std::uint16_t> w, x;  // [rows, cols], [tokens, cols]
  std::vector<std::uint32_t> y;     // [tokens, rows], binary32

  FloatOperands(const Machine& m, const Shape& s, bool specials, std::mt19937& rng) : shape(s) {
    w.resize(std::size_t{s.rows} * s.cols);
    x.resize(std::size_t{s.tokens} * s.cols);
    for (auto* list : {&w, &x})
      for (std::uint16_t& one : *list) do {
          one = static_cast<std::uint16_t>(rng() & (m.weight_bits() == 8 ? 0xff : 0xffff));
          // Of bfloat16 most within some binades, or all sums are their largest product.
          if (m.format == 4 && rng() % 8 != 0)
            one = static_cast<std::uint16_t>((one & 0x87ff) | 0x3c00);
        } while (!std::isfinite(value(m, one)) && !(specials && rng() % 16 == 0));
    for (unsigned t = 0; t < s.tokens; ++t)
      for (unsigned r = 0; r < s.rows; ++r) {
        float sum = 0;
        for (unsigned at = 0; at < s.cols; at += m.lanes) sum += step(m, r, t, at);
        y.push_back(std::isnan(sum) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(sum));
      }
  }

  static float value(const Machine& m, std::uint16_t bits) {
    if (m.format == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    const int fraction_bits = m.format == 3 ? 3 : 10, expo_bits = m.format == 3 ? 4 : 5;
    const int top = (1 << expo_bits) - 1, bias = top / 2;
    const int fraction = bits & ((1 << fraction_bits) - 1), expo = bits >> fraction_bits & top;
    const bool negative = bits >> (fraction_bits + expo_bits) & 1;
    float v = expo == 0 ? std::ldexp(static_cast<float>(fraction), 1 - bias - fraction_bits)
                        : std::ldexp(static_cast<float>(fraction + (1 << fraction_bits)),
                                     expo - bias - fraction_bits);
    if (m.format == 3 && expo == top && fraction == 7) v = NAN;
    if (m.format == 5 && expo == top) v = fraction == 0 ? INFINITY : NAN;
    return negative ? -v : v;
  }

  // One step: bfloat16 by a tree of binary32 additions, the others exact, then rounded once.
  float step(const Machine& m, unsigned r, unsigned t, unsigned at) const {
    std::vector<float> product(m.lanes, 0.0f);
    Int128 exact = 0;
    bool finite = true;
    for (unsigned l = 0; l < m.lanes && at + l < shape.cols; ++l) {
      const float a = value(m, w[std::size_t{r} * shape.cols + at + l]);
      const float b = value(m, x[std::size_t{t} * shape.cols + at + l]);
      product[l] = a * b;
      finite = finite && std::isfinite(product[l]);
      if (std::isfinite(product[l]) && m.format != 4)
        exact += static_cast<Int128>(a * 0x1p24f) * static_cast<Int128>(b * 0x1p24f);
    }
    if (m.format != 4 && finite) return static_cast<float>(exact) * 0x1p-48f;
    for (unsigned n = m.lanes / 2; n > 0; n /= 2)
      for (unsigned l = 0; l < n; ++l) product[l] += product[l + n];
    return product[0];
  }

  std::vector<std::uint8_t> activations(const Machine& m, unsigned token) const {
    std::vector<std::uint8_t> bytes;
    for (unsigned k = 0; k < shape.cols; ++k)
      for (unsigned b = 0; b < m.act_bytes(); ++b)
        bytes.push_back(
            static_cast<std::uint8_t>(x[std::size_t{token} * shape.cols + k] >> (8 * b)));
    return bytes;
  }
  std::uint64_t fires(const Machine& m, Layout) const {
    return std::uint64_t{m.steps(shape.cols)} * m.groups(shape.rows) * shape.tokens;
  }
  std::vector<std::uint8_t> weights(const Machine& m, Layout) const {
    std::vector<std::uint8_t> bytes;
    for (unsigned g = 0; g < m.groups(shape.rows); ++g)
      for (unsigned s = 0; s < m.steps(shape.cols); ++s)
        for (unsigned r = g * m.rows; r < (g + 1) * m.rows; ++r)
          for (unsigned k = s * m.lanes; k < (s + 1) * m.lanes; ++k)
            for (unsigned b = 0; b < m.weight_bits() / 8; ++b)
              bytes.push_back(
                  r < shape.rows && k < shape.cols
                      ? static_cast<std::uint8_t>(w[std::size_t{r} * shape.cols + k] >> (8 * b))
                      : 0);
    return bytes;
  }
};

}  // namespace tern::rtl
