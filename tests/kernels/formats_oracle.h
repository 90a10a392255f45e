// SPDX-License-Identifier: Apache-2.0
//
// Each file format once more, written after formats.md section 6 as slowly and plainly as can be:
// bytes are put down one after the other in the order the format names. Shared by the tests of
// kernels/formats.

#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/f16.h"
#include "kernels/formats/formats.h"

namespace tern::kernels {

using Bytes = std::vector<std::uint8_t>;

struct Matrix {
  std::size_t rows, cols;
  std::vector<std::int8_t> trits;

  int at(std::size_t r, std::size_t c) const { return trits[r * cols + c]; }
  unsigned code(std::size_t r, std::size_t c) const { return static_cast<unsigned>(at(r, c) + 1); }
};

// A third of each trit, or about `zeros` of 16 zeros.
inline Matrix random_matrix(std::size_t rows, std::size_t cols, unsigned seed,
                            unsigned zeros = 16) {
  std::mt19937 rng(seed);
  Matrix m{rows, cols, std::vector<std::int8_t>(rows * cols)};
  for (std::int8_t& t : m.trits) {
    t = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
    if (zeros != 16 && rng() % 16 < zeros) t = 0;
  }
  return m;
}

// The smallest shape a format holds, times `times_rows` and `times_cols`.
inline Matrix smallest(const TernaryFormat& f, std::size_t times_rows = 1,
                       std::size_t times_cols = 1) {
  const std::size_t cols = (f.min_cols + f.col_multiple - 1) / f.col_multiple * f.col_multiple;
  return {times_rows * f.row_multiple, cols + (times_cols - 1) * f.col_multiple, {}};
}

inline void put_f32_tail(Bytes& out, float scale) {
  const std::size_t at = out.size();
  out.resize(at + 32, 0);
  std::memcpy(out.data() + at, &scale, 4);
}

inline void put_f16(Bytes& out, float scale) {
  const f16 d = f32_to_f16(scale);
  out.push_back(static_cast<std::uint8_t>(d & 255));
  out.push_back(static_cast<std::uint8_t>(d >> 8));
}

inline Bytes oracle_i2s(const Matrix& m, float scale, std::size_t lanes) {
  Bytes out;
  for (std::size_t block = 0; block < m.trits.size(); block += 4 * lanes)
    for (std::size_t i = 0; i < lanes; ++i) {
      unsigned byte = 0;
      for (std::size_t group = 0; group < 4; ++group)
        byte = byte * 4 + static_cast<unsigned>(m.trits[block + group * lanes + i] + 1);
      out.push_back(static_cast<std::uint8_t>(byte));
    }
  put_f32_tail(out, scale);
  return out;
}

inline float block_scale(const Matrix& m, std::size_t block, float scale) {
  for (std::size_t i = 0; i < 256; ++i)
    if (m.trits[block + i] != 0) return scale;
  return 0;
}

inline Bytes oracle_tq2(const Matrix& m, float scale) {
  Bytes out;
  for (std::size_t block = 0; block < m.trits.size(); block += 256) {
    for (std::size_t half = 0; half < 256; half += 128)
      for (std::size_t i = 0; i < 32; ++i) {
        unsigned byte = 0;
        for (std::size_t n = 0; n < 4; ++n)
          byte += static_cast<unsigned>(m.trits[block + half + 32 * n + i] + 1) << (2 * n);
        out.push_back(static_cast<std::uint8_t>(byte));
      }
    put_f16(out, block_scale(m, block, scale));
  }
  return out;
}

inline Bytes oracle_tq1(const Matrix& m, float scale) {
  Bytes out;
  for (std::size_t block = 0; block < m.trits.size(); block += 256) {
    const auto put = [&](std::size_t first, std::size_t stride, std::size_t digits) {
      unsigned sum = 0;
      for (std::size_t n = 0; n < digits; ++n)
        sum = sum * 3 + static_cast<unsigned>(m.trits[block + first + n * stride] + 1);
      if (digits == 4) sum *= 3;
      out.push_back(static_cast<std::uint8_t>((sum * 256 + 242) / 243));
    };
    for (std::size_t i = 0; i < 32; ++i) put(i, 32, 5);
    for (std::size_t i = 0; i < 16; ++i) put(160 + i, 16, 5);
    for (std::size_t i = 0; i < 4; ++i) put(240 + i, 4, 4);
    put_f16(out, block_scale(m, block, scale));
  }
  return out;
}

inline std::size_t outer_rows(std::size_t rows) {
  for (const std::size_t height : std::vector<std::size_t>{256, 320, 160, 128, 96, 64, 32})
    if (rows % height == 0) return height;
  return 0;
}

inline std::uint8_t two_pairs(const Matrix& m, std::size_t r, std::size_t c) {
  const int first = 3 * m.at(r, c) + m.at(r, c + 1) + 4;
  const int second = 3 * m.at(r, c + 2) + m.at(r, c + 3) + 4;
  return static_cast<std::uint8_t>(16 * first + second);
}

// Of shapes without a preset.
inline Bytes oracle_tl1(const Matrix& m, float scale) {
  const std::size_t bm = outer_rows(m.rows), bk = m.cols % 128 == 0 ? 128 : 64;
  Bytes out;
  for (std::size_t r0 = 0; r0 < m.rows; r0 += bm)
    for (std::size_t c0 = 0; c0 < m.cols; c0 += bk)
      for (std::size_t r1 = r0; r1 < r0 + bm; r1 += 32)
        for (std::size_t c1 = c0; c1 < c0 + bk; c1 += 8)
          for (std::size_t r2 = r1; r2 < r1 + 32; r2 += 16)
            for (std::size_t c2 = c1; c2 < c1 + 8; c2 += 4)
              for (std::size_t r = r2; r < r2 + 16; ++r) out.push_back(two_pairs(m, r, c2));
  put_f32_tail(out, scale);
  return out;
}

// The rows of 32 in the order of their bytes.
inline std::vector<std::size_t> tl2_rows(std::size_t first) {
  std::vector<std::size_t> rows;
  for (const std::size_t quarter : std::vector<std::size_t>{0, 2, 1, 3})
    for (std::size_t i = 0; i < 8; ++i) rows.push_back(first + 8 * quarter + i);
  return rows;
}

// Of shapes without a preset.
inline Bytes oracle_tl2(const Matrix& m, float scale) {
  const std::size_t bm = outer_rows(m.rows), three_k = m.cols / 96 * 96;
  const auto value = [&](std::size_t r, std::size_t c) {
    return 9 * m.at(r, c) + 3 * m.at(r, c + 1) + m.at(r, c + 2);
  };
  const auto magnitude = [&](std::size_t r, std::size_t c) { return std::abs(value(r, c)); };
  Bytes out;
  for (std::size_t r0 = 0; r0 < m.rows; r0 += bm)
    for (std::size_t c0 = 0; c0 < three_k; c0 += 96)
      for (std::size_t r1 = r0; r1 < r0 + bm; r1 += 32)
        for (std::size_t c1 = c0; c1 < c0 + 96; c1 += 6)
          for (const std::size_t r : tl2_rows(r1))
            out.push_back(static_cast<std::uint8_t>(16 * magnitude(r, c1) + magnitude(r, c1 + 3)));
  for (std::size_t r0 = 0; r0 < m.rows; r0 += bm)
    for (std::size_t c0 = 0; c0 < three_k; c0 += 96)
      for (std::size_t r1 = r0; r1 < r0 + bm; r1 += 32)
        for (std::size_t c1 = c0; c1 < c0 + 96; c1 += 24)
          for (std::size_t r = r1; r < r1 + 16; ++r) {
            unsigned word = 0;  // from its highest bit: triple 0 of row r, of row r + 16, triple 1
            for (std::size_t c = c1; c < c1 + 24; c += 3)
              for (const std::size_t row : {r, r + 16})
                word = 2 * word + (value(row, c) < 0 ? 1u : 0u);
            out.push_back(static_cast<std::uint8_t>(word & 255));
            out.push_back(static_cast<std::uint8_t>(word >> 8));
          }
  for (std::size_t r0 = 0; r0 < m.rows; r0 += bm)
    for (std::size_t c0 = three_k; c0 < m.cols; c0 += 32)
      for (std::size_t r1 = r0; r1 < r0 + bm; r1 += 32)
        for (std::size_t c1 = c0; c1 < c0 + 32; c1 += 4)
          for (const std::size_t r : tl2_rows(r1)) out.push_back(two_pairs(m, r, c1));
  std::size_t n = (m.cols - 256) * m.rows / 3 * 5 / 8 + 256 * m.rows / 2 * 4 / 8;
  while (n % 32 != 0) ++n;
  out.resize(n, 0);
  put_f32_tail(out, scale);
  return out;
}

inline Bytes oracle_hf(const Matrix& m, float) {
  Bytes out;
  for (std::size_t r = 0; r < m.rows / 4; ++r)
    for (std::size_t c = 0; c < m.cols; ++c) {
      unsigned byte = 0;
      for (std::size_t i = 0; i < 4; ++i) byte += m.code(r + i * (m.rows / 4), c) << (2 * i);
      out.push_back(static_cast<std::uint8_t>(byte));
    }
  return out;
}

using Oracle = Bytes (*)(const Matrix& m, float scale);
inline const std::map<std::string_view, Oracle>& oracles() {
  static const std::map<std::string_view, Oracle> table = {
      {"i2_s", [](const Matrix& m, float s) { return oracle_i2s(m, s, 32); }},
      {"i2_s_arm", [](const Matrix& m, float s) { return oracle_i2s(m, s, 16); }},
      {"tq1_0", oracle_tq1},
      {"tq2_0", oracle_tq2},
      {"tl1", oracle_tl1},
      {"tl2", oracle_tl2},
      {"hf_u8", oracle_hf},
  };
  return table;
}

// Bytes from here on are no weights: the float32 scale and what pads it. TL2's padding to 32
// bytes, which nobody reads, counts as well.
inline std::size_t weights_end(const TernaryFormat& f, std::size_t rows, std::size_t cols) {
  const std::size_t n = f.bytes(rows, cols);
  if (!f.has_scale || f.half_scale) return n;
  return f.name == "tl2" ? (cols - 256) * rows / 3 * 5 / 8 + 64 * rows : n - 32;
}

}  // namespace tern::kernels
