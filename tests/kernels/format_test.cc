// SPDX-License-Identifier: Apache-2.0
//
// State space: every byte with legal codes, every byte with an illegal one, every position of a
// block; whole and partial blocks; an illegal trit.
// Parameters: row lengths around the block size.

#include "kernels/format.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/kernels/death.h"

namespace tern::kernels {
namespace {

constexpr std::uint8_t kJunk = 0xff;  // four illegal codes

int code_at(unsigned byte, unsigned group) { return static_cast<int>(byte >> (6 - 2 * group)) & 3; }

bool legal(unsigned byte) {
  for (unsigned g = 0; g < 4; ++g)
    if (code_at(byte, g) == 3) return false;
  return true;
}

std::vector<std::int8_t> random_trits(std::size_t n, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<std::int8_t> t(n);
  for (std::int8_t& v : t) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
  return t;
}

TEST_CASE("a row takes 32 bytes for each 128 trits begun", "[kernels]") {
  CHECK(t2_row_bytes(1) == 32);
  CHECK(t2_row_bytes(128) == 32);
  CHECK(t2_row_bytes(129) == 64);
  CHECK(t2_row_bytes(2560) == 640);
  CHECK(t2_row_bytes(kMaxCols) == 16384);
}

TEST_CASE("every legal byte unpacks to its four trits and packs back", "[kernels]") {
  int legal_bytes = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!legal(byte)) continue;
    ++legal_bytes;
    const std::vector<std::uint8_t> packed(32, static_cast<std::uint8_t>(byte));
    std::vector<std::int8_t> trits(128, 9);
    REQUIRE(unpack_t2(packed.data(), 128, trits.data()) == 128);
    for (unsigned j = 0; j < 128; ++j) REQUIRE(trits[j] == code_at(byte, j / 32) - 1);
    std::vector<std::uint8_t> again(32, kJunk);
    pack_t2(trits.data(), 128, again.data());
    REQUIRE(again == packed);
    CHECK(find_illegal_t2(packed.data(), 32) == 32);
  }
  CHECK(legal_bytes == 81);
}

TEST_CASE("an illegal code is found at its trit and at its byte", "[kernels]") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (legal(byte)) continue;
    for (const unsigned at : {0u, 1u, 31u}) {
      std::vector<std::uint8_t> packed(64, 0x55);
      packed[32 + at] = static_cast<std::uint8_t>(byte);
      unsigned group = 0;
      while (code_at(byte, group) != 3) ++group;
      std::vector<std::int8_t> trits(256, 9);
      const std::size_t first = 128 + 32 * group + at;
      INFO("byte " << byte << " at " << at);
      REQUIRE(unpack_t2(packed.data(), 256, trits.data()) == first);
      REQUIRE(trits[first] == 9);
      REQUIRE(unpack_t2(packed.data(), first, trits.data()) == first);
      REQUIRE(unpack_t2(packed.data(), first + 1, trits.data()) == first);
      REQUIRE(find_illegal_t2(packed.data(), 64) == 32 + at);
    }
  }
}

TEST_CASE("the first illegal byte of a long array is found wherever it lies", "[kernels]") {
  std::vector<std::uint8_t> packed(2100, 0x92);
  CHECK(find_illegal_t2(packed.data(), packed.size()) == packed.size());
  CHECK(find_illegal_t2(packed.data(), 0) == 0);
  packed.back() = 0x03;
  CHECK(find_illegal_t2(packed.data(), packed.size()) == 2099);
  CHECK(find_illegal_t2(packed.data(), 2099) == 2099);
  for (const std::size_t at : {1025, 1024, 1023, 7, 0}) {
    packed[at] = 0xc0;
    CHECK(find_illegal_t2(packed.data(), packed.size()) == at);
  }
}

TEST_CASE("a row of any length round-trips and its last block is filled with weight 0",
          "[kernels]") {
  for (const std::size_t cols : {1, 2, 31, 32, 33, 127, 128, 129, 255, 256, 257, 997, 2560}) {
    const std::vector<std::int8_t> trits = random_trits(cols, static_cast<unsigned>(cols));
    std::vector<std::uint8_t> packed(t2_row_bytes(cols) + 1, kJunk);
    pack_t2(trits.data(), cols, packed.data());
    INFO("cols " << cols);
    CHECK(packed.back() == kJunk);
    const std::size_t padded = t2_blocks(cols) * kT2BlockTrits;
    std::vector<std::int8_t> back(padded, 9);
    REQUIRE(unpack_t2(packed.data(), padded, back.data()) == padded);
    for (std::size_t k = 0; k < padded; ++k) REQUIRE(back[k] == (k < cols ? trits[k] : 0));
    std::vector<std::int8_t> alone(cols + 1, 9);
    REQUIRE(unpack_t2(packed.data(), cols, alone.data()) == cols);
    REQUIRE(alone.back() == 9);
    REQUIRE(std::equal(trits.begin(), trits.end(), alone.begin()));
  }
}

TEST_CASE("an element lies where I2_S puts it", "[kernels]") {
  for (std::size_t j = 0; j < 128; ++j) {
    std::vector<std::int8_t> trits(128, -1);  // code 0
    trits[j] = 1;                             // code 2
    std::vector<std::uint8_t> packed(32), expected(32, 0);
    pack_t2(trits.data(), 128, packed.data());
    expected[j % 32] = static_cast<std::uint8_t>(2u << (6 - 2 * (j / 32)));
    CHECK(packed == expected);
  }
}

TEST_CASE("packing what is no trit ends the program", "[kernels]") {
  for (const int value : {-128, -2, 2, 127}) {
    const Death death = death_of([&] {
      std::vector<std::int8_t> trits(130, 0);
      trits[129] = static_cast<std::int8_t>(value);
      std::vector<std::uint8_t> packed(64);
      pack_t2(trits.data(), 130, packed.data());
    });
    CHECK(death.aborted);
    CHECK_THAT(death.said, Catch::Contains("trit"));
  }
}

}  // namespace
}  // namespace tern::kernels
