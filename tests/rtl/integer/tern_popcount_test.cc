// SPDX-License-Identifier: Apache-2.0
//
// State space: every word of up to 16 bits; wider: no ones, all ones, one one, one zero, random
// words of every density.
// Parameters: 16 widths from 1 to 320, as machine words are counted and as full adders.

#include <Vpopcount_adders.h>
#include <Vpopcount_words.h>

#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/rtl/power_up.h"

namespace tern::rtl {
namespace {

constexpr std::array<unsigned, 16> kWidths = {1, 2,  3,  4,  5,  6,  7,  8,
                                              9, 11, 16, 22, 32, 64, 65, 320};
using Word = std::array<bool, 320>;

template <class Model>
struct Bench {
  RandomPowerUp context{1};
  Covered<Model> dut{&context};

  void check(const Word& word) {
    for (std::size_t i = 0; i < 10; ++i) dut.bits_i[i] = 0;
    for (std::size_t b = 0; b < word.size(); ++b) dut.bits_i[b / 32] |= EData{word[b]} << (b % 32);
    dut.eval();
    for (std::size_t i = 0; i < kWidths.size(); ++i) {
      unsigned expected = 0, count = 0;
      for (std::size_t b = 0; b < kWidths[i]; ++b) expected += word[b];
      for (std::size_t b = 10 * i; b < 10 * i + 10; ++b)
        count |= (dut.counts_o[b / 32] >> (b % 32) & 1) << (b - 10 * i);
      INFO("width " << kWidths[i]);
      REQUIRE(count == expected);
    }
  }
};

template <class Model>
void count_everything() {
  Bench<Model> bench;
  std::mt19937 rng(1);
  for (unsigned low = 0; low < 1u << 16; ++low) {
    Word word{};
    for (std::size_t b = 0; b < word.size(); ++b) word[b] = b < 16 ? low >> b & 1 : rng() & 1;
    bench.check(word);
  }
  for (const bool most : {false, true}) {
    Word word;
    word.fill(most);
    bench.check(word);
    for (bool& bit : word) {
      bit = !most;
      bench.check(word);
      bit = most;
    }
  }
  for (unsigned density = 0; density <= 256; ++density)
    for (int i = 0; i < 20; ++i) {
      Word word;
      for (bool& bit : word) bit = rng() % 256 < density;
      bench.check(word);
    }
}

TEST_CASE("tern_popcount counts the ones of a word", "[rtl]") {
  count_everything<Vpopcount_words>();
}

TEST_CASE("tern_popcount counts the ones of a word by full adders", "[rtl]") {
  count_everything<Vpopcount_adders>();
}

}  // namespace
}  // namespace tern::rtl
