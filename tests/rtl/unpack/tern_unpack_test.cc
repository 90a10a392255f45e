// SPDX-License-Identifier: Apache-2.0
//
// State space: every byte of t5 on every lane of every five rows, every code of t2 on every lane of
// every row, among random legal ones; words of junk, where each trit is right and the flag is set
// exactly if one is illegal; words as the packer of kernels/tiles makes them.
// Parameters: 5 x 16, 20 x 32 and 20 x 64, t2 and t5.

#include <Vunpack_t2_20x32.h>
#include <Vunpack_t2_20x64.h>
#include <Vunpack_t2_5x16.h>
#include <Vunpack_t5_20x32.h>
#include <Vunpack_t5_20x64.h>
#include <Vunpack_t5_5x16.h>

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "kernels/tiles/tiles.h"
#include "kernels/tiles/trit5.h"
#include "tests/rtl/power_up.h"

namespace tern::rtl {
namespace {

using kernels::kTrit5Decode;
using kernels::kTrit5Encode;

constexpr int kIllegal = 9;

// Trits [Rows, Lanes], as the words on both sides of an unpacker hold them.
template <typename Model, std::size_t kRows, std::size_t kLanes>
struct Bench {
  static constexpr std::size_t kTrits = kRows * kLanes;

  RandomPowerUp context;
  Covered<Model> dut{&context};
  std::mt19937 rng;

  explicit Bench(unsigned seed) : context(seed), rng(seed) {}

  template <typename Word>
  static void put(Word& word, std::size_t at, unsigned bit) {
    word[at / 32] = (word[at / 32] & ~(1u << at % 32)) | bit << at % 32;
  }
  template <typename Word>
  static unsigned get(const Word& word, std::size_t at) {
    return word[at / 32] >> at % 32 & 1;
  }

  // What came out; kIllegal for negative without nonzero, which may never be.
  int trit(std::size_t row, std::size_t lane) {
    const unsigned nonzero = get(dut.w_o, (row * 2 + 0) * kLanes + lane);
    const unsigned negative = get(dut.w_o, (row * 2 + 1) * kLanes + lane);
    if (nonzero == 0) return negative == 0 ? 0 : kIllegal;
    return negative == 0 ? 1 : -1;
  }
  // Trits [kRows, kLanes]: kIllegal for codes that are, which come out as 0.
  bool gives(const std::vector<int>& trits) {
    dut.eval();
    bool illegal = false;
    for (std::size_t i = 0; i < kTrits; ++i) {
      illegal = illegal || trits[i] == kIllegal;
      if (trit(i / kLanes, i % kLanes) != (trits[i] == kIllegal ? 0 : trits[i])) return false;
    }
    return illegal == (dut.illegal_o == 1);
  }
  void put_step(const std::vector<std::uint8_t>& step) {
    for (std::size_t i = 0; i < 8 * step.size(); ++i) put(dut.word_i, i, step[i / 8] >> i % 8 & 1u);
  }

  // Bytes [kRows / 5, kLanes] -> the trits that they mean; and to the port.
  std::vector<int> t5(const std::vector<unsigned>& bytes) {
    std::vector<int> trits(kTrits);
    for (std::size_t g = 0; g < kRows / 5; ++g)
      for (std::size_t l = 0; l < kLanes; ++l) {
        const unsigned byte = bytes[g * kLanes + l];
        for (std::size_t b = 0; b < 8; ++b)
          put(dut.word_i, (g * 8 + b) * kLanes + l, byte >> b & 1);
        for (std::size_t t = 0; t < 5; ++t)
          trits[(5 * g + t) * kLanes + l] =
              kTrit5Decode[byte].legal ? kTrit5Decode[byte].trits[t] : kIllegal;
      }
    return trits;
  }
  // Codes [kRows, kLanes] of two bits, likewise.
  std::vector<int> t2(const std::vector<unsigned>& codes) {
    constexpr int kMeaning[] = {0, 1, kIllegal, -1};
    std::vector<int> trits(kTrits);
    for (std::size_t i = 0; i < kTrits; ++i) {
      for (std::size_t p = 0; p < 2; ++p)
        put(dut.word_i, (i / kLanes * 2 + p) * kLanes + i % kLanes, codes[i] >> p & 1);
      trits[i] = kMeaning[codes[i]];
    }
    return trits;
  }

  void every_byte() {
    std::vector<unsigned> bytes(kTrits / 5);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (unsigned& byte : bytes) byte = kTrit5Encode[rng() % 243];
      for (unsigned byte = 0; byte < 256; ++byte) {
        bytes[rng() % bytes.size()] = kTrit5Encode[rng() % 243];
        bytes[at] = byte;
        INFO("byte " << byte << " at " << at);
        REQUIRE(gives(t5(bytes)));
      }
    }
  }
  void every_code() {
    constexpr unsigned kLegal[] = {0, 1, 3};
    std::vector<unsigned> codes(kTrits);
    for (std::size_t at = 0; at < kTrits; ++at) {
      for (unsigned& code : codes) code = kLegal[rng() % 3];
      for (unsigned code = 0; code < 4; ++code) {
        codes[at] = code;
        INFO("code " << code << " at " << at);
        REQUIRE(gives(t2(codes)));
      }
    }
  }
  // From one junk code in a thousand to all.
  using PutAll = std::vector<int> (Bench::*)(const std::vector<unsigned>&);
  void junk(std::size_t size, unsigned codes, PutAll put_all) {
    std::vector<unsigned> word(size);
    for (unsigned one_in = 1024; one_in > 0; one_in /= 2)
      for (int i = 0; i < 100; ++i) {
        for (unsigned& code : word) {
          code = static_cast<unsigned>(rng() % codes);
          if (rng() % one_in != 0) code = codes == 256 ? kTrit5Encode[rng() % 243] : code & 1;
        }
        REQUIRE(gives((this->*put_all)(word)));
      }
  }
  void packed(const char* name) {
    const kernels::TileCode& code = kernels::tile_code(name);
    std::vector<std::int8_t> values(kTrits);
    std::vector<std::uint8_t> step(code.step_bytes({kRows, kLanes}));
    for (int i = 0; i < 300; ++i) {
      for (std::int8_t& v : values) v = static_cast<std::int8_t>(static_cast<int>(rng() % 3) - 1);
      REQUIRE(code.pack({kRows, kLanes}, values.data(), kLanes, step.data()) == kTrits);
      put_step(step);
      REQUIRE(gives({values.begin(), values.end()}));
    }
  }
};

template <typename Model, std::size_t kRows, std::size_t kLanes>
void test_t5(unsigned seed) {
  using B = Bench<Model, kRows, kLanes>;
  B b(seed);
  b.every_byte();
  b.junk(B::kTrits / 5, 256, &B::t5);
  b.packed("t5");
}

template <typename Model, std::size_t kRows, std::size_t kLanes>
void test_t2(unsigned seed) {
  using B = Bench<Model, kRows, kLanes>;
  B b(seed);
  b.every_code();
  b.junk(B::kTrits, 4, &B::t2);
  b.packed("t2");
}

TEST_CASE("tern_unpack_t5 decodes every byte everywhere and flags what is illegal", "[rtl]") {
  test_t5<Vunpack_t5_5x16, 5, 16>(1);
  test_t5<Vunpack_t5_20x32, 20, 32>(2);
  test_t5<Vunpack_t5_20x64, 20, 64>(3);
}

TEST_CASE("tern_unpack_t2 passes every code everywhere and flags what is illegal", "[rtl]") {
  test_t2<Vunpack_t2_5x16, 5, 16>(4);
  test_t2<Vunpack_t2_20x32, 20, 32>(5);
  test_t2<Vunpack_t2_20x64, 20, 64>(6);
}

}  // namespace
}  // namespace tern::rtl
