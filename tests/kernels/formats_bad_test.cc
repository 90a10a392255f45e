// SPDX-License-Identifier: Apache-2.0
//
// State space: what a tensor from outside may have wrong: its shape, its size, its scale, one code
// of it, a second scale, its padding; and what may not be packed.
// Parameters: every row of the table of layouts; the codes each of them has no use for.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "kernels/formats/formats.h"
#include "tests/kernels/death.h"
#include "tests/kernels/formats_oracle.h"

namespace tern::kernels {
namespace {

using Catch::Contains;

constexpr float kScale = 0.8125f;

Bytes packed(const TernaryFormat& f, const Matrix& m) {
  return pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
}

TEST_CASE("a shape that a layout cannot hold is refused by name", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    INFO(f.name);
    const Matrix m = smallest(f);
    const auto refused = [&](std::size_t rows, std::size_t cols, const std::string& what) {
      CHECK_THAT(shape_problem(f, rows, cols), Contains(what));
      CHECK_THROWS_WITH(check_shape(f, rows, cols, "blk.3"),
                        Contains("blk.3: " + std::string(f.name)) && Contains(what));
      CHECK_THROWS_WITH(pack_tensor(f, {}, rows, cols, "blk.3"), Contains(what));
      CHECK_THROWS_WITH(unpack_tensor(f, {}, rows, cols, "blk.3"), Contains(what));
      CHECK_THROWS_WITH(check_tensor(f, {}, rows, cols, "blk.3"), Contains(what));
    };
    CHECK(shape_problem(f, m.rows, m.cols).empty());
    refused(0, m.cols, "no weights");
    refused(m.rows, 0, "no weights");
    refused(std::size_t{1} << 40, std::size_t{1} << 40, "too many");
    if (f.row_multiple > 1)
      refused(m.rows + 1, m.cols,
              "rows in multiples of " + std::to_string(f.row_multiple) + ", found " +
                  std::to_string(m.rows + 1));
    if (f.col_multiple > 1)
      refused(m.rows, m.cols + 1, "columns in multiples of " + std::to_string(f.col_multiple));
    if (f.min_cols > f.col_multiple)
      refused(m.rows, m.cols - f.col_multiple, "at least " + std::to_string(f.min_cols));
  }
}

TEST_CASE("another number of bytes is refused", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    const Matrix shape = smallest(f);
    const Matrix m = random_matrix(shape.rows, shape.cols, 1);
    for (const int change : {-1, 1}) {
      Bytes bytes = packed(f, m);
      bytes.resize(bytes.size() + static_cast<std::size_t>(change));
      INFO(f.name);
      const auto refusal =
          Contains("w: has " + std::to_string(bytes.size()) + " bytes, expected " +
                   std::to_string(f.bytes(m.rows, m.cols)) + " of " + std::string(f.name));
      CHECK_THROWS_WITH(unpack_tensor(f, bytes, m.rows, m.cols, "w"), refusal);
      CHECK_THROWS_WITH(check_tensor(f, bytes, m.rows, m.cols, "w"), refusal);
    }
  }
}

TEST_CASE("a scale that is no finite number above 0 is refused", "[kernels]") {
  struct Row {
    float value;
    const char* text;
  };
  for (const TernaryFormat& f : ternary_formats()) {
    if (!f.has_scale) continue;
    const Matrix shape = smallest(f, 2, 2);
    const Matrix m = random_matrix(shape.rows, shape.cols, 2);
    for (const Row& row : {Row{NAN, "nan"}, Row{INFINITY, "is inf"}, Row{-INFINITY, "is -inf"},
                           Row{0.0f, "is 0"}, Row{-0.0f, "is -0"}, Row{-1.5f, "is -1.5"}}) {
      INFO(f.name << " " << row.value);
      Bytes bytes = packed(f, m);
      const f16 half = f32_to_f16(row.value);
      if (f.half_scale)
        std::memcpy(bytes.data() + bytes.size() - 2, &half, 2);  // of the last block
      else
        std::memcpy(bytes.data() + bytes.size() - 32, &row.value, 4);
      const std::size_t index = f.half_scale ? m.trits.size() - 256 : 0;
      const std::string at = "w: the " + std::string(f.name) + " scale at weight " +
                             std::to_string(index) + " (row " + std::to_string(index / m.cols);
      for (const bool whole : {true, false}) {
        const auto refuse = [&] {
          whole ? (void)unpack_tensor(f, bytes, m.rows, m.cols, "w")
                : (void)check_tensor(f, bytes, m.rows, m.cols, "w");
        };
        CHECK_THROWS_WITH(refuse(), Contains(at) && Contains(row.text) &&
                                        Contains("expected a finite one above 0"));
      }
      float scale = 0;
      if (f.sound != nullptr) CHECK_FALSE(f.sound(bytes.data(), m.rows, m.cols, &scale));
      CHECK_THROWS_WITH(pack_tensor(f, {m.trits, row.value}, m.rows, m.cols, "w"),
                        Contains("w: has scale") && Contains("above 0"));
    }
    // Fine as float32 but 0 or infinite as binary16.
    for (const float scale : {1e-9f, 1e6f}) {
      if (f.half_scale)
        CHECK_THROWS_WITH(pack_tensor(f, {m.trits, scale}, m.rows, m.cols, "w"),
                          Contains("as float16"));
      else
        CHECK(unpack_tensor(f, pack_tensor(f, {m.trits, scale}, m.rows, m.cols, "w"), m.rows,
                            m.cols, "w")
                  .scale == scale);
    }
  }
}

TEST_CASE("a second scale is refused where it begins", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    if (!f.half_scale) continue;
    // Two runs of unpack_rows: a scale is held against those of earlier runs as well.
    const Matrix m = random_matrix(600, 512, 3);
    const std::size_t block_bytes = f.bytes(1, 256);
    const f16 other = f32_to_f16(0.5f);
    for (const std::size_t block : {1u, 2u, 700u, 1199u}) {
      Bytes bytes = packed(f, m);
      std::memcpy(bytes.data() + (block + 1) * block_bytes - 2, &other, 2);
      INFO(f.name << " block " << block);
      const std::string at = std::to_string(256 * block) + " (row " + std::to_string(block / 2) +
                             ", column " + std::to_string(block % 2 * 256) + ")";
      const auto refusal = Contains("scale at weight " + at + " is 0.5, an earlier one is 0.8125");
      CHECK_THROWS_WITH(unpack_tensor(f, bytes, 600, 512, "w"), refusal);
      CHECK_THROWS_WITH(check_tensor(f, bytes, 600, 512, "w"), refusal);
    }
  }
}

TEST_CASE("a block of zeros may have scale 0 or that of the tensor and no other", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    if (!f.half_scale) continue;
    Matrix m = random_matrix(2, 512, 4);
    std::fill(m.trits.begin() + 512, m.trits.begin() + 768, std::int8_t{0});
    const std::size_t scale_at = 3 * f.bytes(1, 256) - 2;
    Bytes bytes = packed(f, m);
    const auto with = [&](float scale) {
      const f16 d = f32_to_f16(scale);
      std::memcpy(bytes.data() + scale_at, &d, 2);
      return unpack_tensor(f, bytes, 2, 512, "w").trits == m.trits &&
             check_tensor(f, bytes, 2, 512, "w") == kScale;
    };
    INFO(f.name);
    CHECK((bytes[scale_at] == 0 && bytes[scale_at + 1] == 0));
    CHECK(with(0));
    CHECK(with(kScale));
    CHECK_THROWS_WITH(with(0.5f), Contains("weight 512 (row 1, column 0) is 0.5"));
    CHECK_THROWS_WITH(with(-0.0f), Contains("weight 512 (row 1, column 0) is -0"));
    // What a block of zeros may have, the next one may not.
    for (const std::size_t at : {scale_at, scale_at + f.bytes(1, 256)})
      std::memset(bytes.data() + at, 0, 2);
    const auto refusal = Contains("weight 768 (row 1, column 256) is 0");
    CHECK_THROWS_WITH(check_tensor(f, bytes, 2, 512, "w"), refusal);
    CHECK_THROWS_WITH(unpack_tensor(f, bytes, 2, 512, "w"), refusal);
  }
}

// One wrong code in a tensor of zeros, and the weight that must be named.
struct BadCode {
  const char* name;
  std::size_t rows, cols;
  std::size_t byte;
  std::uint8_t value;
  std::size_t weight;
};

TEST_CASE("a code that means nothing is named by its weight", "[kernels]") {
  // TL2 96 x 320 is one outer tile high; ThreeK 288, TwoK 32; indices fill 96 * 288 / 6 = 4608
  // bytes, signs 1152, pairs 768.
  for (const BadCode& bad : {
           BadCode{"i2_s", 2, 256, 0, 0xD5, 0},
           BadCode{"i2_s", 2, 256, 64 + 32 + 7, 0x5D, 256 + 128 + 64 + 7},
           BadCode{"i2_s", 2, 256, 127, 0x57, 511},
           BadCode{"i2_s_arm", 2, 128, 16 + 3, 0x75, 64 + 16 + 3},
           BadCode{"i2_s_arm", 2, 128, 63, 0x57, 255},
           BadCode{"tq2_0", 2, 512, 66 + 32 + 5, 0x5D, 256 + 128 + 32 + 5},
           BadCode{"tq2_0", 2, 512, 66 + 5, 0x57, 256 + 5},
           BadCode{"tq1_0", 2, 512, 54 + 31, 0x14, 256 + 31},
           BadCode{"tq1_0", 2, 512, 54 + 47, 0x4F, 256 + 175},
           BadCode{"tq1_0", 2, 512, 54 + 51, 0x01, 256 + 243},
           BadCode{"tq1_0", 2, 512, 54 + 48, 0x02, 256 + 240},  // a fifth digit of 1
           BadCode{"tl1", 32, 128, 0, 0x94, 0},
           BadCode{"tl1", 32, 128, 3, 0x4F, 3 * 128 + 2},
           BadCode{"tl1", 32, 128, 16 + 5, 0x49, 5 * 128 + 4 + 2},
           BadCode{"tl1", 32, 128, 32 + 5, 0x94, 21 * 128},
           BadCode{"tl2", 96, 320, 0, 0xE0, 0},
           BadCode{"tl2", 96, 320, 32 + 9, 0x0F, 17 * 320 + 6 + 3},
           BadCode{"tl2", 96, 320, 4608 + 1, 0x80, 0},
           BadCode{"tl2", 96, 320, 4608 + 6, 0x01, (3 + 16) * 320 + 21},
           BadCode{"tl2", 96, 320, 4608 + 1152 + 8, 0x94, 16 * 320 + 288},
           BadCode{"tl2", 96, 320, 4608 + 1152 + 767, 0x4A, 95 * 320 + 318},
           BadCode{"hf_u8", 8, 3, 5, 0xD5, 7 * 3 + 2},
           BadCode{"hf_u8", 8, 3, 0, 0x57, 0},
           BadCode{"hf_u8", 8, 200, 130, 0x5D, 2 * 200 + 130},
       }) {
    const TernaryFormat& f = ternary_format(bad.name);
    Matrix m{bad.rows, bad.cols, std::vector<std::int8_t>(bad.rows * bad.cols)};
    Bytes bytes = packed(f, m);
    bytes[bad.byte] = bad.value;
    INFO(bad.name << " byte " << bad.byte << " value " << int{bad.value});
    const auto refusal = Contains("w: weight " + std::to_string(bad.weight) + " (row " +
                                  std::to_string(bad.weight / m.cols) + ", column " +
                                  std::to_string(bad.weight % m.cols) +
                                  ") has a code that means nothing in " + bad.name);
    CHECK_THROWS_WITH(unpack_tensor(f, bytes, m.rows, m.cols, "w"), refusal);
    CHECK_THROWS_WITH(check_tensor(f, bytes, m.rows, m.cols, "w"), refusal);
    // Rows that begin at the weight's name it alike, and those before it find nothing wrong.
    const std::size_t begin = bad.weight / m.cols / f.row_multiple * f.row_multiple;
    float scale = 0;
    const FormatProblem problem =
        f.unpack(bytes.data(), m.rows, m.cols, begin, m.rows, m.trits.data(), &scale);
    CHECK((problem.kind == FormatProblem::Kind::kIllegalCode && problem.index == bad.weight));
    CHECK(!f.unpack(bytes.data(), m.rows, m.cols, 0, begin, m.trits.data(), &scale));
    if (f.sound != nullptr) CHECK_FALSE(f.sound(bytes.data(), m.rows, m.cols, &scale));
  }
}

TEST_CASE("a code that means nothing is found behind blocks of the same scale", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    if (!f.half_scale) continue;
    const Matrix m = random_matrix(2, 512, 4);
    const Bytes sound = packed(f, m);
    const std::size_t block = f.bytes(1, 256);
    for (std::size_t at = 3 * block; at < sound.size() - 2; ++at) {
      Bytes bytes = sound;
      bytes[at] = f.name == "tq1_0" ? 0x14 : 0xFF;
      INFO(f.name << " byte " << at);
      CHECK_THROWS_WITH(check_tensor(f, bytes, 2, 512, "w"),
                        Contains("row 1") && Contains("means nothing"));
    }
  }
}

TEST_CASE("padding that is not 0 is refused", "[kernels]") {
  // TL2 32 x 288 has no TwoK: weights end at 32 * 288 * 5 / 24 = 1920, zeros at 213 + 2048.
  const TernaryFormat& f = ternary_format("tl2");
  const Matrix m = random_matrix(32, 288, 5);
  for (const std::size_t at : {1920u, 2000u, 2260u}) {
    Bytes bytes = packed(f, m);
    REQUIRE(bytes[at] == 0);
    bytes[at] = 1;
    CHECK_THROWS_WITH(unpack_tensor(f, bytes, 32, 288, "w"),
                      Contains("w: byte " + std::to_string(at)) && Contains("is not 0"));
  }
  Bytes bytes = packed(f, m);
  bytes[2261] = 1;  // between the sizes before and after rounding to 32: nobody's
  CHECK(unpack_tensor(f, bytes, 32, 288, "w").trits == m.trits);
}

TEST_CASE("what is no trit is not packed", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    const Matrix shape = smallest(f, 1, 2);
    for (const int value : {-128, -2, 2, 127}) {
      Matrix m = random_matrix(shape.rows, shape.cols, 6);
      m.trits.back() = static_cast<std::int8_t>(value);
      INFO(f.name << " " << value);
      CHECK_THROWS_WITH(packed(f, m), Contains("w: weight " + std::to_string(m.trits.size() - 1)) &&
                                          Contains("is " + std::to_string(value)));
      const Death death = death_of([&] {
        Bytes out(f.bytes(m.rows, m.cols));
        f.pack(m.trits.data(), m.rows, m.cols, kScale, out.data());
      });
      CHECK(death.aborted);
      CHECK_THAT(death.said, Contains("trit"));
    }
  }
}

}  // namespace
}  // namespace tern::kernels
