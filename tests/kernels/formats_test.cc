// SPDX-License-Identifier: Apache-2.0
//
// State space: every row of the table of layouts: every value of every byte of its smallest
// tensor, every tuple of five trits, random matrices against the oracle, ranges of rows, arrays
// that end at an unreadable page, the converter's own bytes.
// Parameters: shapes around the multiples of each layout; fractions of zeros; scales.

#include "kernels/formats/formats.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "kernels/format.h"
#include "kernels/quantize.h"
#include "tests/kernels/formats_oracle.h"
#include "tests/kernels/guarded.h"

namespace tern::kernels {
namespace {

constexpr float kScale = 0.8125f;  // exact in binary16

bool sizes_agree(const TernaryFormat& f, std::size_t rows, std::size_t cols, std::size_t bytes) {
  return f.bytes(rows, cols) == bytes;
}

TEST_CASE("every layout has a name of its own and every file format an oracle", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    INFO(f.name);
    CHECK(&ternary_format(f.name) == &f);
    CHECK_FALSE(f.block.empty());
    CHECK(oracles().contains(f.name) == (f.file_type != "compute only"));
  }
  CHECK_THROWS_WITH(ternary_format("i3_s"), Catch::Contains("'i3_s'") && Catch::Contains("tq2_0"));
}

TEST_CASE("tensors of the 2B4T shapes have the published sizes", "[kernels]") {
  struct Row {
    const char* name;
    std::size_t bytes[4];  // of 2560x2560, 6912x2560, 2560x6912, 640x2560
  };
  for (const Row& row : {
           Row{"i2_s", {1638432, 4423712, 4423712, 409632}},
           Row{"i2_s_arm", {1638432, 4423712, 4423712, 409632}},
           Row{"tq1_0", {1382400, 3732480, 3732480, 345600}},
           Row{"tq2_0", {1689600, 4561920, 4561920, 422400}},
           Row{"tl1", {1638432, 4423712, 4423712, 409632}},
           Row{"tl2", {1392672, 3760160, 3713760, 348192}},
           Row{"hf_u8", {1638400, 4423680, 4423680, 409600}},
       }) {
    const TernaryFormat& f = ternary_format(row.name);
    INFO(row.name);
    CHECK(sizes_agree(f, 2560, 2560, row.bytes[0]));
    CHECK(sizes_agree(f, 6912, 2560, row.bytes[1]));
    CHECK(sizes_agree(f, 2560, 6912, row.bytes[2]));
    CHECK(sizes_agree(f, 640, 2560, row.bytes[3]));
  }
}

TEST_CASE("a byte of any value is refused or packs back to itself", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    Matrix m = smallest(f);
    m.trits.assign(m.rows * m.cols, 1);  // no block is zeros, so that its scale stands in the bytes
    const Bytes base = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "base");
    const std::size_t end = weights_end(f, m.rows, m.cols);
    const std::size_t step = end > 600 ? 7 : 1;  // enough places of the large ones
    std::vector<std::size_t> accepted(end, 0);
    for (std::size_t at = 0; at < end; at += step)
      for (unsigned value = 0; value < 256; ++value) {
        Bytes bytes = base;
        bytes[at] = static_cast<std::uint8_t>(value);
        std::vector<std::int8_t> trits(m.rows * m.cols, 99);
        float scale = 0;
        if (f.unpack(bytes.data(), m.rows, m.cols, 0, m.rows, trits.data(), &scale)) continue;
        ++accepted[at];
        Bytes again(bytes.size(), 0xEE);
        f.pack(trits.data(), m.rows, m.cols, scale, again.data());
        if (again == bytes) continue;
        INFO(f.name << " byte " << at << " value " << value);
        REQUIRE(again == bytes);
      }
    INFO(f.name);
    if (!oracles().contains(f.name)) continue;
    // How many values the weights of the first byte allow.
    CHECK(accepted[0] == (f.name == "tq1_0" ? 243u : f.name == "tl2" ? 14u * 14 : 81u));
  }
}

TEST_CASE("every tuple of five trits round-trips in every byte", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats())
    for (unsigned tuple = 0; tuple < 243; ++tuple) {
      Matrix m = smallest(f);
      int digits[5];
      for (unsigned d = 0, rest = tuple; d < 5; ++d, rest /= 3)
        digits[d] = static_cast<int>(rest % 3) - 1;
      // The strides between the weights of one byte are no multiples of 5 in any layout.
      for (std::size_t r = 0; r < m.rows; ++r)
        for (std::size_t c = 0; c < m.cols; ++c)
          m.trits.push_back(static_cast<std::int8_t>(digits[(2 * r + c) % 5]));
      const Bytes packed = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
      if (unpack_tensor(f, packed, m.rows, m.cols, "w").trits == m.trits) continue;
      INFO(f.name << " tuple " << tuple);
      REQUIRE(false);
    }
}

TEST_CASE("random matrices have the bytes of the oracle and come back from them", "[kernels]") {
  std::mt19937 rng(11);
  for (const TernaryFormat& f : ternary_formats()) {
    const auto oracle = oracles().find(f.name);
    for (unsigned i = 0; i < 60; ++i) {
      // Some rows long enough for what is done a run of columns at a time.
      const std::size_t longer = f.col_multiple == 1 && i % 4 == 3 ? 47 : 1;
      const Matrix shape = smallest(f, 1 + rng() % 12, (1 + rng() % 6) * longer);
      // Among them matrices with whole blocks of zeros.
      const Matrix m = random_matrix(shape.rows, shape.cols, i, i % 5 == 0 ? 16u - i % 2 : i % 16);
      const float scale = f32_to_f16(0.01f * static_cast<float>(1 + i)) == 0 ? 1.0f : kScale / 3;
      const float stored = f.half_scale ? f16_to_f32(f32_to_f16(scale)) : scale;
      INFO(f.name << " " << m.rows << " x " << m.cols << " seed " << i);
      Bytes packed = pack_tensor(f, {m.trits, scale}, m.rows, m.cols, "w");
      if (oracle != oracles().end()) REQUIRE(packed == oracle->second(m, scale));
      const Trits back = unpack_tensor(f, packed, m.rows, m.cols, "w");
      REQUIRE(back.trits == m.trits);
      REQUIRE(back.scale == (f.has_scale ? stored : 0.0f));
      REQUIRE(check_tensor(f, packed, m.rows, m.cols, "w") == back.scale);
    }
  }
}

TEST_CASE("blocks of zeros have scale 0 and a tensor of them the floor", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    Matrix m = smallest(f, 3, 2);
    m.trits.assign(m.rows * m.cols, 0);
    INFO(f.name);
    const Bytes zeros = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
    const Trits back = unpack_tensor(f, zeros, m.rows, m.cols, "w");
    CHECK(back.trits == m.trits);
    CHECK(back.scale == (!f.has_scale ? 0 : f.half_scale ? kScaleFloor : kScale));
    if (!oracles().contains(f.name)) continue;
    CHECK(zeros == oracles().at(f.name)(m, kScale));
    m.trits.back() = -1;  // one block of the last row alone
    const Bytes one = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
    CHECK(one == oracles().at(f.name)(m, kScale));
    CHECK(unpack_tensor(f, one, m.rows, m.cols, "w").scale == (f.has_scale ? kScale : 0));
  }
}

TEST_CASE("any range of rows unpacks to its part", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    const Matrix shape = smallest(f, 5, 3);
    const Matrix m = random_matrix(shape.rows, shape.cols, 3);
    const Bytes packed = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
    for (std::size_t begin = 0; begin <= m.rows; begin += f.row_multiple)
      for (std::size_t end = begin; end <= m.rows; end += f.row_multiple) {
        std::vector<std::int8_t> part((end - begin) * m.cols + 1, 99);
        float scale = 0;
        INFO(f.name << " rows " << begin << " to " << end);
        REQUIRE(!f.unpack(packed.data(), m.rows, m.cols, begin, end, part.data(), &scale));
        REQUIRE(part.back() == 99);
        REQUIRE(std::equal(part.begin(), part.end() - 1,
                           m.trits.begin() + static_cast<long>(begin * m.cols)));
      }
  }
}

constexpr std::size_t kRunTrits = 1 << 18;  // of unpack_rows, which one panel does not fill

TEST_CASE("rows come in order and whole however they are cut", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats()) {
    const Matrix shape = smallest(f, 3000 / f.row_multiple, 3);
    const Matrix m = random_matrix(shape.rows, shape.cols, 4);
    const Bytes packed = pack_tensor(f, {m.trits, kScale}, m.rows, m.cols, "w");
    std::vector<std::int8_t> all;
    std::size_t next = 0, runs = 0;
    const float scale =
        unpack_rows(f, packed, m.rows, m.cols, "w",
                    [&](std::size_t begin, std::size_t end, const std::int8_t* trits) {
                      CHECK(begin == next);
                      CHECK((end - begin) * m.cols <= kRunTrits);
                      next = end;
                      ++runs;
                      all.insert(all.end(), trits, trits + (end - begin) * m.cols);
                    });
    INFO(f.name);
    CHECK(scale == (f.has_scale ? kScale : 0));
    CHECK((runs >= 2 || all.size() <= kRunTrits));
    CHECK(all == m.trits);
  }
}

TEST_CASE("no layout reads or writes past its arrays whatever their alignment", "[kernels]") {
  for (const TernaryFormat& f : ternary_formats())
    for (const std::size_t times : {1u, 3u}) {
      const Matrix shape = smallest(f, times, times);
      const Matrix m = random_matrix(shape.rows, shape.cols, 5);
      const Guarded<std::int8_t> trits(m.trits);
      const Guarded<std::uint8_t> packed(Bytes(f.bytes(m.rows, m.cols), 0xEE));
      f.pack(trits.data(), m.rows, m.cols, kScale, packed.data());
      const Guarded<std::int8_t> back(std::vector<std::int8_t>(m.trits.size(), 99));
      float scale = 0;
      INFO(f.name);
      CHECK(!f.unpack(packed.data(), m.rows, m.cols, 0, m.rows, back.data(), &scale));
      CHECK(std::equal(m.trits.begin(), m.trits.end(), back.data()));
      float found = 0;
      if (f.sound != nullptr) CHECK(f.sound(packed.data(), m.rows, m.cols, &found));
      if (f.sound != nullptr) CHECK(found == scale);
      // An odd address.
      Bytes odd(f.bytes(m.rows, m.cols) + 1);
      std::copy_n(packed.data(), odd.size() - 1, odd.begin() + 1);
      CHECK(!f.unpack(odd.data() + 1, m.rows, m.cols, 0, m.rows, back.data(), &scale));
    }
}

TEST_CASE("I2_S of x86 is t2 with a scale behind", "[kernels]") {
  const Matrix m = random_matrix(7, 384, 6);
  const Bytes packed = pack_tensor(ternary_format("i2_s"), {m.trits, kScale}, 7, 384, "w");
  Bytes rows(7 * t2_row_bytes(384));
  for (std::size_t r = 0; r < 7; ++r)
    pack_t2(m.trits.data() + r * 384, 384, rows.data() + r * t2_row_bytes(384));
  CHECK(std::equal(rows.begin(), rows.end(), packed.begin()));
}

// CRC-32 as zlib has it.
std::uint32_t crc32(const std::uint8_t* bytes, std::size_t n) {
  std::uint32_t table[256];
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = table[i] >> 1 ^ (table[i] % 2 != 0 ? 0xEDB88320u : 0u);
  }
  std::uint32_t crc = ~0u;
  for (std::size_t i = 0; i < n; ++i) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
  return ~crc;
}

// The figures come from a run of process_tl1 and preprocess_weights_tl2 of microsoft/BitNet,
// utils/convert-hf-to-gguf-bitnet.py, with the parameters of tl.h, on the matrix made below: their
// length and their CRC-32. Every preset of tl.h; those beyond the first ones come from a second
// encoder, written in numpy after that file. It writes neither scale nor padding to 32.
TEST_CASE("TL1 and TL2 write what the published converter writes", "[kernels]") {
  struct Row {
    const char* name;
    std::size_t rows, cols, bytes;
    std::uint32_t crc;
  };
  for (const Row& row : {
           Row{"tl1", 1536, 1536, 589824, 0x7b1013fb},  // BM 128 BK 64 bm 64
           Row{"tl1", 1536, 4096, 1572864, 0xc83dc349},
           Row{"tl1", 4096, 1536, 1572864, 0x7a942e09},
           Row{"tl1", 3200, 3200, 2560000, 0xd1cd83c9},
           Row{"tl1", 3200, 8640, 6912000, 0x3004f8a7},
           Row{"tl1", 8640, 3200, 6912000, 0x70a83710},
           Row{"tl1", 14336, 4096, 14680064, 0x64452f93},
           Row{"tl1", 4096, 14336, 14680064, 0x7b10b080},
           Row{"tl1", 1024, 4096, 1048576, 0x2f47773c},
           Row{"tl1", 4096, 4096, 4194304, 0x8be48c63},
           Row{"tl1", 640, 2560, 409600, 0x60fc280f},   // no preset
           Row{"tl2", 1536, 1536, 507904, 0x0c5ef3e0},  // BK 192
           Row{"tl2", 1536, 4096, 1327104, 0xb86fd480},
           Row{"tl2", 4096, 1536, 1354410, 0xfa5fc52e},
           Row{"tl2", 3200, 3200, 2167466, 0x40aacfa8},
           Row{"tl2", 3200, 8640, 5794133, 0x37931a94},
           Row{"tl2", 8640, 3200, 5852160, 0xcf81fe2c},
           Row{"tl2", 14336, 4096, 12386304, 0x65890315},
           Row{"tl2", 4096, 14336, 12277077, 0x20425321},
           Row{"tl2", 1024, 4096, 884736, 0xee6796ab},
           Row{"tl2", 4096, 4096, 3538944, 0x3d9a761d},
           Row{"tl2", 640, 2560, 348160, 0x92e24ef4},  // no preset from here on
           Row{"tl2", 2560, 6912, 3713706, 0x96d284cd},
           Row{"tl2", 160, 3200, 108373, 0x764350c8},
           Row{"tl2", 96, 320, 7424, 0xdaf53366},
       }) {
    std::vector<std::int8_t> trits(row.rows * row.cols);
    for (std::size_t i = 0; i < trits.size(); ++i) {
      const auto mixed = static_cast<std::uint32_t>(i * 2654435761u);
      trits[i] = static_cast<std::int8_t>(static_cast<int>((mixed >> 16) % 3) - 1);
    }
    const TernaryFormat& f = ternary_format(row.name);
    const Bytes packed = pack_tensor(f, {trits, kScale}, row.rows, row.cols, "w");
    INFO(row.name << " " << row.rows << " x " << row.cols);
    CHECK(packed.size() == (row.bytes + 31) / 32 * 32 + 32);
    CHECK(crc32(packed.data(), row.bytes) == row.crc);
    const Trits back = unpack_tensor(f, packed, row.rows, row.cols, "w");
    CHECK((back.trits == trits && back.scale == kScale));
  }
}

}  // namespace
}  // namespace tern::kernels
