// SPDX-License-Identifier: Apache-2.0
//
// State space: every code, every value of eight bits and of sixteen that it can hold and that it
// cannot, every tuple of five trits and every byte; steps that are full, and that end in rows, in
// columns and in both; where rows lie apart; a bad weight in the first, a middle and the last
// place; shapes that are none; one thread and several.
// Parameters: steps of 5 x 16, 20 x 32, 20 x 64, 5 x 8, 10 x 24; by columns of 80 x 1, 40 x 3 too.

#include "kernels/tiles/tiles.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/f16.h"
#include "kernels/f8.h"
#include "kernels/tiles/trit5.h"
#include "tests/kernels/death.h"

namespace tern::kernels {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Values = std::vector<int>;  // bits of a weight: two's complement of integers

constexpr TileShape kShapes[] = {{5, 16}, {20, 32}, {20, 64}, {5, 8}, {10, 24}};

std::vector<TileShape> shapes_of(const TileCode& code) {
  std::vector<TileShape> shapes(std::begin(kShapes), std::end(kShapes));
  if (code.name == "t5c") shapes.insert(shapes.end(), {{80, 1}, {40, 3}});
  return shapes;
}

bool ternary(const TileCode& code) { return code.name[0] == 't'; }

// Whether the code holds a weight of these bits.
bool holds(const TileCode& code, int bits) {
  const int integer = code.value_bytes == 1 && bits > 127 ? bits - 256 : bits;
  if (ternary(code)) return integer >= -1 && integer <= 1;
  if (code.name == "i4") return integer >= -8 && integer <= 7;
  if (code.name == "i8") return true;
  if (code.name == "e4m3") return std::isfinite(e4m3_to_f32(static_cast<f8>(bits)));
  if (code.name == "bf16") return std::isfinite(bf16_to_f32(static_cast<bf16>(bits)));
  REQUIRE(code.name == "f16");
  return std::isfinite(f16_to_f32(static_cast<f16>(bits)));
}

int random_value(const TileCode& code, std::mt19937& rng) {
  for (;;) {
    const int bits = ternary(code)
                         ? static_cast<int>((rng() % 3 + 255) % 256)
                         : static_cast<int>(rng() & (code.value_bytes == 1 ? 255 : 65535));
    if (holds(code, bits)) return bits;
  }
}

// As the packer takes them: rows `stride` values apart, 0xff between.
Bytes laid_out(const TileCode& code, const Values& values, std::size_t cols, std::size_t stride) {
  const std::size_t rows = values.size() / cols;
  Bytes out(rows * stride * code.value_bytes, 0xff);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c)
      for (std::size_t b = 0; b < code.value_bytes; ++b)
        out[(r * stride + c) * code.value_bytes + b] =
            static_cast<std::uint8_t>(values[r * cols + c] >> 8 * b);
  return out;
}

void put_bit(Bytes& bytes, std::size_t at, int bit) {
  bytes[at / 8] = static_cast<std::uint8_t>(bytes[at / 8] | bit << at % 8);
}

// The step of rows x lanes values, by its definition. Of t5 it takes the byte of a tuple from
// kTrit5Encode, which has cases of its own below.
Bytes step_of(const TileCode& code, TileShape s, const Values& v) {
  const std::size_t R = s.rows, N = s.lanes;
  const auto byte_of = [&](std::size_t r, std::size_t l) {
    int index = 0, weight = 1;
    for (std::size_t i = 0; i < 5; ++i, weight *= 3)
      index += weight * (static_cast<std::int8_t>(v[(r + i) * N + l]) + 1);
    return kTrit5Encode[static_cast<std::size_t>(index)];
  };
  if (code.name == "t5c") {
    Bytes step;
    for (std::size_t l = 0; l < N; ++l)
      for (std::size_t r = 0; r < R; r += 5) step.push_back(byte_of(r, l));
    return step;
  }
  if (code.name == "t5") {
    Bytes step(R * N / 5);
    for (std::size_t r = 0; r < R; r += 5)
      for (std::size_t l = 0; l < N; ++l)
        for (std::size_t b = 0; b < 8; ++b)
          put_bit(step, (r / 5 * 8 + b) * N + l, byte_of(r, l) >> b & 1);
    return step;
  }
  const std::size_t width = code.name == "t2" ? 2 : code.name == "i4" ? 4 : 8 * code.value_bytes;
  const bool planes = code.name[0] == 't' || code.name[0] == 'i';
  Bytes step(R * N * width / 8);
  for (std::size_t r = 0; r < R; ++r)
    for (std::size_t l = 0; l < N; ++l)
      for (std::size_t b = 0; b < width; ++b) {
        const int value = v[r * N + l];
        // Plane 0 of t2 is nonzero, plane 1 negative.
        const int bit = code.name == "t2" ? (b == 0 ? value != 0 : value == 255) : value >> b & 1;
        put_bit(step, planes ? (r * width + b) * N + l : (r * N + l) * width + b, bit);
      }
  return step;
}

// The steps of a whole matrix.
Bytes tiles_of(const TileCode& code, TileShape s, const Values& v, std::size_t rows,
               std::size_t cols) {
  Bytes all;
  for (std::size_t group = 0; group < rows; group += s.rows)
    for (std::size_t first = 0; first < cols; first += s.lanes) {
      Values step(s.rows * s.lanes, 0);
      for (std::size_t r = 0; r < s.rows; ++r)
        for (std::size_t l = 0; l < s.lanes; ++l)
          if (group + r < rows && first + l < cols)
            step[r * s.lanes + l] = v[(group + r) * cols + first + l];
      const Bytes packed = step_of(code, s, step);
      all.insert(all.end(), packed.begin(), packed.end());
    }
  return all;
}

// By the function for the type of the code's values; ternary codes by trits of eight bits.
Bytes pack_dense(const TileCode& code, TileShape s, const Values& v, std::size_t cols,
                 ThreadPool* pool = nullptr) {
  const Bytes in = laid_out(code, v, cols, cols);
  const std::size_t rows = v.size() / cols;
  if (code.name == "e4m3") return pack_tiles(code, s, DenseView<f8>{in.data(), rows, cols}, pool);
  if (code.value_bytes == 1)
    return pack_tiles(code, s, I8View{reinterpret_cast<const std::int8_t*>(in.data()), rows, cols},
                      pool);
  std::vector<std::uint16_t> wide(v.begin(), v.end());
  return pack_tiles(code, s, F16View{wide.data(), rows, cols}, pool);
}

template <typename Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("every tuple of five trits has one byte of t5 and 13 bytes have none", "[kernels]") {
  std::set<std::uint8_t> seen;
  for (std::size_t index = 0; index < 243; ++index) {
    const std::uint8_t byte = kTrit5Encode[index];
    CHECK(seen.insert(byte).second);
    const Trit5 found = trit5_decode(byte);
    CHECK(found.legal);
    std::size_t rest = index;
    for (std::size_t i = 0; i < 5; ++i, rest /= 3)
      CHECK(found.trits[i] == static_cast<int>(rest % 3) - 1);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    INFO("byte " << byte);
    CHECK(kTrit5Decode[byte].legal == (seen.count(static_cast<std::uint8_t>(byte)) == 1));
    CHECK(kTrit5Decode[byte].trits == trit5_decode(byte).trits);
    if (!kTrit5Decode[byte].legal) CHECK(kTrit5Decode[byte].trits == std::array<std::int8_t, 5>{});
  }
}

TEST_CASE("a step takes the bits of its weights", "[kernels]") {
  const std::vector<std::pair<std::string, double>> bits{{"t2", 2},    {"t5", 1.6}, {"t5c", 1.6},
                                                         {"i4", 4},    {"i8", 8},   {"e4m3", 8},
                                                         {"bf16", 16}, {"f16", 16}};
  REQUIRE(tile_codes().size() == bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const TileCode& code = tile_codes()[i];
    CHECK(&code == &tile_code(bits[i].first));
    CHECK(code.weight_bits() == bits[i].second);
    CHECK(code.act_bytes == (bits[i].second == 16 ? 2 : 1));
    CHECK(code.row_multiple == (code.name[0] == 't' && code.name[1] == '5' ? 5 : 1));
    CHECK(code.lane_multiple == (code.name == "t5c" ? 1 : 8));
    for (const TileShape s : shapes_of(code)) {
      const auto bytes =
          static_cast<std::size_t>(static_cast<double>(s.rows * s.lanes) * bits[i].second / 8 + .1);
      CHECK(code.step_bytes(s) == bytes);
      CHECK(tile_bytes(code, s, 1, 1) == bytes);
      CHECK(tile_bytes(code, s, s.rows, s.lanes) == bytes);
      CHECK(tile_bytes(code, s, 2 * s.rows + 1, s.lanes + 1) == 6 * bytes);
    }
  }
}

TEST_CASE("a step of every code is what its definition says and unpacks to its weights",
          "[kernels]") {
  std::mt19937 rng(1);
  for (const TileCode& code : tile_codes())
    for (const TileShape s : shapes_of(code))
      for (const std::size_t gap : {0, 3}) {
        INFO(code.name << " " << s.rows << " x " << s.lanes);
        Values v(s.rows * s.lanes);
        for (int& value : v) value = random_value(code, rng);
        const std::size_t stride = s.lanes + gap;
        const Bytes in = laid_out(code, v, s.lanes, stride);
        Bytes step(code.step_bytes(s), 0xa5);
        REQUIRE(code.pack(s, in.data(), stride, step.data()) == v.size());
        REQUIRE(step == step_of(code, s, v));
        Bytes back(in.size(), 0xff);
        REQUIRE(code.unpack(s, step.data(), back.data(), stride) == v.size());
        REQUIRE(back == in);
      }
}

TEST_CASE("every value of a weight is packed or refused in every place", "[kernels]") {
  const TileShape s{5, 16};
  for (const TileCode& code : tile_codes())
    for (int bits = 0; bits < (code.value_bytes == 1 ? 256 : 65536); ++bits)
      for (const std::size_t at : {0, 23, 79}) {
        Values v(80, 0);
        v[at] = bits;
        const Bytes in = laid_out(code, v, 16, 16);
        Bytes step(code.step_bytes(s), 0xa5);
        const std::size_t found = code.pack(s, in.data(), 16, step.data());
        if (found != (holds(code, bits) ? 80 : at) || (found == 80 && step != step_of(code, s, v)))
          FAIL(code.name << " of " << bits << " at " << at << ": " << found);
      }
}

TEST_CASE("all 243 tuples stand in every lane and group of five rows of a t5 step", "[kernels]") {
  const TileCode& code = tile_code("t5");
  const TileShape s{10, 24};
  for (std::size_t tuple = 0; tuple < 243; ++tuple) {
    Values v(s.rows * s.lanes);
    for (std::size_t g = 0; g < 2; ++g)
      for (std::size_t l = 0; l < s.lanes; ++l) {
        std::size_t rest = (tuple + 31 * l + 7 * g) % 243;
        for (std::size_t i = 0; i < 5; ++i, rest /= 3)
          v[(5 * g + i) * s.lanes + l] = (static_cast<int>(rest % 3) + 255) % 256;
      }
    const Bytes in = laid_out(code, v, s.lanes, s.lanes);
    Bytes step(code.step_bytes(s));
    REQUIRE(code.pack(s, in.data(), s.lanes, step.data()) == v.size());
    REQUIRE(step == step_of(code, s, v));
  }
}

TEST_CASE("an illegal code is found at its trit when a step unpacks", "[kernels]") {
  const TileShape s{10, 16};
  Bytes values(s.rows * s.lanes);
  for (std::size_t row = 0; row < s.rows; ++row)
    for (std::size_t lane = 0; lane < s.lanes; ++lane) {
      const TileCode& t2 = tile_code("t2");
      Bytes step(t2.step_bytes(s));
      put_bit(step, (row * 2 + 1) * 16 + lane, 1);  // negative, not nonzero
      REQUIRE(t2.unpack(s, step.data(), values.data(), 16) == row * 16 + lane);
    }
  const TileCode& t5 = tile_code("t5");
  for (unsigned byte = 0; byte < 256; ++byte)
    for (std::size_t group = 0; group < 2; ++group)
      for (std::size_t lane = 0; lane < s.lanes; ++lane) {
        const std::size_t n = s.rows * s.lanes;
        Bytes step = step_of(t5, s, Values(n, 0));
        for (std::size_t b = 0; b < 8; ++b) {
          std::uint8_t& out = step[((group * 8 + b) * 16 + lane) / 8];
          out = static_cast<std::uint8_t>(out & ~(1u << lane % 8));
          put_bit(step, (group * 8 + b) * 16 + lane, byte >> b & 1);
        }
        const std::size_t expected = trit5_decode(byte).legal ? n : group * 5 * 16 + lane;
        REQUIRE(t5.unpack(s, step.data(), values.data(), 16) == expected);
        const TileCode& t5c = tile_code("t5c");
        step = step_of(t5c, s, Values(n, 0));
        step[lane * 2 + group] = static_cast<std::uint8_t>(byte);
        REQUIRE(t5c.unpack(s, step.data(), values.data(), 16) == expected);
      }
}

TEST_CASE("matrices that end anywhere in their last tiles are filled up with zeros", "[kernels]") {
  std::mt19937 rng(2);
  ThreadPool pool(3);
  for (const TileCode& code : tile_codes())
    for (const TileShape s : shapes_of(code))
      for (const std::size_t rows : {std::size_t{1}, s.rows - 1, s.rows, 2 * s.rows + 3})
        for (const std::size_t cols :
             {std::size_t{1}, std::max<std::size_t>(s.lanes - 1, 1), s.lanes, 2 * s.lanes + 3}) {
          INFO(code.name << " " << s.rows << " x " << s.lanes << ": " << rows << " x " << cols);
          Values v(rows * cols);
          for (int& value : v) value = random_value(code, rng);
          const Bytes expected = tiles_of(code, s, v, rows, cols);
          REQUIRE(expected.size() == tile_bytes(code, s, rows, cols));
          REQUIRE(pack_dense(code, s, v, cols) == expected);
          REQUIRE(pack_dense(code, s, v, cols, &pool) == expected);
          if (!ternary(code)) continue;
          Bytes t2(rows * t2_row_bytes(cols));
          const Bytes trits = laid_out(code, v, cols, cols);
          for (std::size_t r = 0; r < rows; ++r)
            pack_t2(reinterpret_cast<const std::int8_t*>(&trits[r * cols]), cols,
                    &t2[r * t2_row_bytes(cols)]);
          const T2View view{t2.data(), rows, t2_blocks(cols)};
          REQUIRE(pack_tiles(code, s, view, cols) == expected);
          REQUIRE(pack_tiles(code, s, view, cols, &pool) == expected);
        }
}

TEST_CASE("a weight that a code cannot hold is named by its row and column", "[kernels]") {
  ThreadPool pool(2);
  const std::vector<std::pair<std::string, std::pair<int, std::string>>> bad{
      {"t2", {2, "no trit"}},           {"t5", {254, "no trit"}},
      {"t5c", {3, "no trit"}},          {"i4", {8, "not in [-8, 7]"}},
      {"i4", {247, "not in [-8, 7]"}},  {"e4m3", {255, "not finite"}},
      {"bf16", {0x7f80, "not finite"}}, {"bf16", {0xffff, "not finite"}},
      {"f16", {0xfc00, "not finite"}},  {"f16", {0x7e01, "not finite"}}};
  for (const auto& [name, what] : bad)
    for (const auto& [row, col] : {std::pair{0, 0}, {4, 37}, {12, 16}, {12, 37}}) {
      Values v(13 * 38, 0);
      v[static_cast<std::size_t>(row * 38 + col)] = what.first;
      const std::string expected = "weight at row " + std::to_string(row) + ", column " +
                                   std::to_string(col) + " is " + what.second;
      for (ThreadPool* const p : {static_cast<ThreadPool*>(nullptr), &pool}) {
        const TileCode& code = tile_code(name);
        CHECK(error_of([&] { pack_dense(code, {5, 16}, v, 38, p); }) == expected);
      }
    }
}

TEST_CASE("of several bad weights the first group's is named on any number of threads",
          "[kernels]") {
  ThreadPool pool(4);
  Values v(40 * 16, 0);
  for (std::size_t group = 1; group < 8; ++group) v[group * 5 * 16 + 3] = 2;
  CHECK(error_of([&] {
          pack_dense(tile_code("t5"), {5, 16}, v, 16, &pool);
        }) == "weight at row 5, column 3 is no trit");
}

TEST_CASE("an illegal code of t2 weights is named by its row and column", "[kernels]") {
  for (const auto& [row, col] : {std::pair<std::size_t, std::size_t>{0, 0}, {6, 129}}) {
    Bytes t2(7 * t2_row_bytes(130), 0x55);
    std::uint8_t& byte = t2[row * t2_row_bytes(130) + col / 128 * 32 + col % 32];
    byte = static_cast<std::uint8_t>(byte | 3u << (6 - col % 128 / 32 * 2));
    const T2View view{t2.data(), 7, t2_blocks(130)};
    for (const char* name : {"t2", "t5"})
      CHECK(error_of([&] {
              pack_tiles(tile_code(name), {5, 32}, view, 130);
            }) == "weight at row " + std::to_string(row) + ", column " + std::to_string(col) +
                      " is no trit");
    // Beyond the matrix's columns nobody looks.
    if (col == 129) CHECK(error_of([&] { pack_tiles(tile_code("t5"), {5, 32}, view, 129); }) == "");
  }
}

TEST_CASE("steps of no shape and codes of no name are refused", "[kernels]") {
  CHECK(error_of([] {
          tile_bytes(tile_code("t5"), {4, 16}, 1, 1);
        }) == "steps of t5: need rows in multiples of 5, found 4");
  CHECK(error_of([] {
          tile_bytes(tile_code("i8"), {0, 16}, 1, 1);
        }) == "steps of i8: need rows in multiples of 1, found 0");
  CHECK(error_of([] {
          tile_bytes(tile_code("f16"), {4, 12}, 1, 1);
        }) == "steps of f16: need lanes in multiples of 8, found 12");
  CHECK(error_of([] {
          tile_bytes(tile_code("f16"), {4, 0}, 1, 1);
        }) == "steps of f16: need lanes in multiples of 8, found 0");
  CHECK(error_of([] {
          pack_dense(tile_code("t5"), {6, 16}, Values(16), 16);
        }) == "steps of t5: need rows in multiples of 5, found 6");
  CHECK(error_of([] { tile_code("t3"); }) ==
        "no code of weights is named \"t3\": t2, t5, t5c, i4, i8, e4m3, bf16, f16");
}

TEST_CASE("weights of another type than the code's end the program", "[kernels]") {
  const Bytes in(32, 0);
  const auto i8 = I8View{reinterpret_cast<const std::int8_t*>(in.data()), 1, 16};
  const auto e4m3 = DenseView<f8>{in.data(), 1, 16};
  const auto t2 = T2View{in.data(), 1, 1};
  const TileShape s{5, 16};
  CHECK(death_of([&] { pack_tiles(tile_code("e4m3"), s, i8); }).aborted);
  CHECK(death_of([&] { pack_tiles(tile_code("f16"), s, i8); }).aborted);
  CHECK(death_of([&] { pack_tiles(tile_code("i8"), s, e4m3); }).aborted);
  CHECK(death_of([&] { pack_tiles(tile_code("i8"), s, t2, 16); }).aborted);
  CHECK(death_of([&] { pack_tiles(tile_code("t2"), s, t2, 129); }).aborted);
  const std::vector<f16> wide(16, 0);
  CHECK(death_of([&] { pack_tiles(tile_code("i8"), s, F16View{wide.data(), 1, 16}); }).aborted);
}

}  // namespace
}  // namespace tern::kernels
