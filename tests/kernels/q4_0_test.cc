// SPDX-License-Identifier: Apache-2.0
//
// State space: groups worked by hand, every nibble in every place, random groups within half a
// step, all bad scales and shapes.
// Parameters: none.

#include "kernels/dense/q4_0.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "kernels/f16.h"

namespace tern::kernels {
namespace {

TEST_CASE("a Q4_0 group lies in memory as GGUF has it", "[kernels]") {
  std::vector<float> w(32, 0.0f);
  w[0] = -8.0f;  // d = 1, nibble 0
  w[1] = 7.0f;   // nibble 15
  w[16] = 1.0f;  // high nibble of byte 0: 9
  w[31] = -3.0f;
  const auto bytes = pack_q4_0(w.data(), 1, 32, "t");
  REQUIRE(bytes.size() == 18);
  CHECK(bytes[0] == 0x00);
  CHECK(bytes[1] == 0x3c);
  CHECK(bytes[2] == 0x90);
  CHECK(bytes[3] == 0x8f);
  CHECK(bytes[4] == 0x88);
  CHECK(bytes[17] == 0x58);
  CHECK(unpack_q4_0(bytes, 1, 32, "t") == w);
}

TEST_CASE("the largest Q4_0 weight sets the scale with its sign", "[kernels]") {
  std::vector<float> w(32, 0.0f);
  w[5] = 4.0f;  // d = -0.5, nibble 0
  w[6] = -4.0f;
  const auto bytes = pack_q4_0(w.data(), 1, 32, "t");
  CHECK(bytes[1] == 0xb8);
  const auto back = unpack_q4_0(bytes, 1, 32, "t");
  CHECK(back[5] == 4.0f);
  CHECK(back[6] == -3.5f);  // 15 is the most a nibble holds
}

TEST_CASE("every nibble in every place survives Q4_0", "[kernels]") {
  for (unsigned place = 0; place < 32; ++place)
    for (int value = -8; value < 8; ++value) {
      std::vector<float> w(32, 0.0f);
      w[(place + 1) % 32] = -8.0f;
      w[place] = static_cast<float>(value);
      CHECK(unpack_q4_0(pack_q4_0(w.data(), 1, 32, "t"), 1, 32, "t") == w);
    }
}

TEST_CASE("Q4_0 takes the nearest step to every weight and zeros stay zeros", "[kernels]") {
  std::mt19937 rng(3);
  std::vector<float> w(3 * 64);
  for (float& one : w) one = static_cast<float>(static_cast<int>(rng() % 2001) - 1000) * 1e-3f;
  for (std::size_t i = 32; i < 64; ++i) w[i] = 0.0f;
  const auto back = unpack_q4_0(pack_q4_0(w.data(), 3, 64, "t"), 3, 64, "t");
  for (std::size_t g = 0; g < w.size(); g += 32) {
    float most = 0;
    for (std::size_t i = g; i < g + 32; ++i) most = std::max(most, std::fabs(w[i]));
    // Half a step, a whole one where 8 of the far side is clipped to 7; and binary16's rounding.
    const float step = most / 8;
    for (std::size_t i = g; i < g + 32; ++i) {
      const float off = std::fabs(w[i]) > 7.5f * step ? 1.0f : 0.5f;
      CHECK(std::fabs(back[i] - w[i]) <= off * step * (1 + 0x1p-7f));
    }
  }
  for (std::size_t i = 32; i < 64; ++i) CHECK(back[i] == 0.0f);
}

TEST_CASE("Q4_0 refuses bad scales and shapes and says where", "[kernels]") {
  std::vector<float> w(64, 1.0f);
  auto bytes = pack_q4_0(w.data(), 1, 64, "blk.0");
  CHECK_THROWS_WITH(pack_q4_0(w.data(), 1, 33, "blk.0"),
                    Catch::Contains("blk.0") &&
                        Catch::Contains("needs columns in multiples of 32") &&
                        Catch::Contains("33"));
  CHECK_THROWS_WITH(unpack_q4_0(bytes, 2, 64, "blk.0"),
                    Catch::Contains("36 bytes") && Catch::Contains("72"));
  CHECK_THROWS_WITH(unpack_q4_0(bytes, 1, 32, "blk.0"),
                    Catch::Contains("36 bytes") && Catch::Contains("18"));
  for (const unsigned bad : {0x7c00u, 0xfc00u, 0x7e00u}) {
    auto broken = bytes;
    broken[18] = static_cast<std::uint8_t>(bad & 0xff);
    broken[19] = static_cast<std::uint8_t>(bad >> 8);
    CHECK_THROWS_AS(unpack_q4_0(broken, 1, 64, "blk.0"), std::runtime_error);
    CHECK_THROWS_WITH(unpack_q4_0(broken, 1, 64, "blk.0"),
                      Catch::Contains("blk.0") && Catch::Contains("weight 32"));
  }
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1e7f}) {
    auto wrong = w;
    wrong[40] = bad;
    CHECK_THROWS_WITH(pack_q4_0(wrong.data(), 1, 64, "blk.0"), Catch::Contains("weight 32"));
  }
}

}  // namespace
}  // namespace tern::kernels
