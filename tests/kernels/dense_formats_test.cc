// SPDX-License-Identifier: Apache-2.0
//
// State space: every row of dense_formats.h. Formats of blocks against decoders written here from
// the description of the layout (formats.md 6.1; llama.cpp, ggml-common.h), bit by bit on random
// bytes; packing against the published rounding or, where it searches, against what a plain
// quantiser reaches; every code in every place; edge values; values that no block can hold.
// Parameters: the table.

#include "kernels/formats/dense_formats.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/f16.h"

namespace tern::kernels {
namespace {

using Bytes = std::vector<std::uint8_t>;

float half_at(const std::uint8_t* p) { return f16_to_f32(static_cast<f16>(p[0] | p[1] << 8)); }

// Weight i of a block, one at a time.
float oracle_q8_0(const std::uint8_t* b, std::size_t i) {
  const int q = b[2 + i] < 128 ? b[2 + i] : b[2 + i] - 256;
  return half_at(b) * static_cast<float>(q);
}
float oracle_q4_0(const std::uint8_t* b, std::size_t i) {
  const unsigned byte = b[2 + i % 16];
  const int q = static_cast<int>(i < 16 ? byte % 16 : byte / 16) - 8;
  return half_at(b) * static_cast<float>(q);
}
float oracle_q4_k(const std::uint8_t* b, std::size_t i) {
  const std::size_t g = i / 32;
  const std::uint8_t* x = b + 4;
  const unsigned s = g < 4 ? x[g] % 64u : x[g + 4] % 16u + x[g - 4] / 64u * 16u;
  const unsigned o = g < 4 ? x[g + 4] % 64u : x[g + 4] / 16u + x[g] / 64u * 16u;
  const unsigned byte = b[16 + g / 2 * 32 + i % 32];
  const unsigned q = g % 2 == 0 ? byte % 16 : byte / 16;
  return half_at(b) * static_cast<float>(s) * static_cast<float>(q) -
         half_at(b + 2) * static_cast<float>(o);
}
float oracle_q6_k(const std::uint8_t* b, std::size_t i) {
  const std::size_t half = i / 128, run = i % 128 / 32, j = i % 32;
  const unsigned nibbles = b[half * 64 + (run % 2) * 32 + j];
  const unsigned low = run < 2 ? nibbles % 16 : nibbles / 16;
  const unsigned high = b[128 + half * 32 + j] >> (2 * run) & 3u;
  const int s = b[192 + i / 16] < 128 ? b[192 + i / 16] : b[192 + i / 16] - 256;
  return half_at(b + 208) * static_cast<float>(s) *
         static_cast<float>(static_cast<int>(low + 16 * high) - 32);
}

struct Case {
  const char* name;
  std::size_t block, bytes;
  float (*weight)(const std::uint8_t*, std::size_t);
  std::vector<std::size_t> scales;  // where a block has binary16 scales
  double most_rms;                  // of the error of normal weights over their own
};
const Case kCases[] = {
    {"q8_0", 32, 34, oracle_q8_0, {0}, 0.0055},
    {"q4_0", 32, 18, oracle_q4_0, {0}, 0.095},
    {"q4_k", 256, 144, oracle_q4_k, {0, 2}, 0.0706},
    {"q6_k", 256, 210, oracle_q6_k, {208}, 0.01727},
};

Bytes random_blocks(const Case& c, std::size_t blocks, unsigned seed) {
  std::mt19937 rng(seed);
  Bytes bytes(blocks * c.bytes);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng() % 256);
  for (std::size_t b = 0; b < blocks; ++b)
    for (const std::size_t at : c.scales)
      while ((bytes[b * c.bytes + at + 1] & 0x7C) == 0x7C)
        bytes[b * c.bytes + at + 1] = static_cast<std::uint8_t>(rng() % 256);
  return bytes;
}

std::vector<float> normal_weights(std::size_t n, unsigned seed, float sigma = 0.02f) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> w(n);
  for (float& v : w) v = normal(rng);
  return w;
}

std::vector<float> unpacked(const DenseFormat& f, const Bytes& bytes, std::size_t n) {
  std::vector<float> w(n);
  f.unpack(bytes.data(), n, w.data());
  return w;
}

std::vector<float> packed_and_back(const DenseFormat& f, const std::vector<float>& w) {
  Bytes bytes(f.bytes(w.size()));
  f.pack(w.data(), w.size(), bytes.data());
  REQUIRE(f.sound(bytes.data(), w.size()));
  return unpacked(f, bytes, w.size());
}

double error_of(const std::vector<float>& w, const std::vector<float>& back) {
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i)
    sum += std::pow(static_cast<double>(back[i]) - static_cast<double>(w[i]), 2);
  return sum;
}

TEST_CASE("blocks decode to the floats of their published formula", "[kernels]") {
  for (const Case& c : kCases) {
    INFO(c.name);
    const DenseFormat& f = dense_format(c.name);
    CHECK(f.block == c.block);
    CHECK(f.block_bytes == c.bytes);
    const Bytes bytes = random_blocks(c, 300, 1);
    const std::vector<float> w = unpacked(f, bytes, 300 * c.block);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < w.size(); ++i)
      wrong += w[i] != c.weight(bytes.data() + i / c.block * c.bytes, i % c.block);
    CHECK(wrong == 0);
    // At any alignment.
    Bytes shifted(bytes.size() + 1);
    std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
    std::vector<float> again(w.size());
    f.unpack(shifted.data() + 1, w.size(), again.data());
    CHECK(again == w);
  }
}

TEST_CASE("a block is sound unless a scale is not finite", "[kernels]") {
  for (const Case& c : kCases) {
    INFO(c.name);
    const DenseFormat& f = dense_format(c.name);
    const Bytes bytes = random_blocks(c, 5, 2);
    CHECK(f.sound(bytes.data(), 5 * c.block));
    for (std::size_t b = 0; b < 5; ++b)
      for (const std::size_t at : c.scales)
        for (const unsigned high : {0x7Cu, 0xFCu, 0x7Fu}) {
          Bytes bad = bytes;
          bad[b * c.bytes + at + 1] = static_cast<std::uint8_t>(high);
          CHECK_FALSE(f.sound(bad.data(), 5 * c.block));
          CHECK(f.sound(bad.data(), b * c.block));  // what lies before it
        }
  }
}

TEST_CASE("random weights come back within the error of their format", "[kernels]") {
  for (const Case& c : kCases) {
    INFO(c.name);
    const std::vector<float> w = normal_weights(64 * 256, 3);
    const std::vector<float> back = packed_and_back(dense_format(c.name), w);
    const double rms = std::sqrt(error_of(w, back) / error_of(w, std::vector<float>(w.size())));
    CHECK(rms <= c.most_rms);
    CHECK(rms > c.most_rms / 2);  // the bound says something
  }
}

TEST_CASE("weights that a block can hold come back as they were", "[kernels]") {
  std::mt19937 rng(4);
  for (const Case& c : kCases) {
    INFO(c.name);
    const DenseFormat& f = dense_format(c.name);
    for (const float zero : {0.0f, -0.0f}) {
      const std::vector<float> zeros(2 * c.block, zero);
      CHECK(packed_and_back(f, zeros) == std::vector<float>(2 * c.block, 0.0f));
    }
  }
  // Q8_0 with d = 1 / 64: every code but -128 in every place.
  std::vector<float> w(32);
  for (std::size_t place = 0; place < 32; ++place)
    for (int q = -127; q <= 127; ++q) {
      std::fill(w.begin(), w.end(), 0.0f);
      w[(place + 1) % 32] = 127.0f / 64;
      w[place] = static_cast<float>(q) / 64;
      REQUIRE(packed_and_back(dense_format("q8_0"), w) == w);
    }
  // K-quants: one scale for all groups, codes to both ends in each of them.
  w.assign(256, 0);
  for (int round = 0; round < 50; ++round) {
    for (std::size_t i = 0; i < 256; ++i)
      w[i] = i % 32 == 0 ? 0.0f : i % 32 == 1 ? 15.0f : static_cast<float>(rng() % 16);
    CHECK(packed_and_back(dense_format("q4_k"), w)[1] == Approx(15.0f).epsilon(1e-3));
    const double steps = error_of(w, packed_and_back(dense_format("q4_k"), w));
    CHECK(steps < 256 * 1e-4);
    for (std::size_t i = 0; i < 256; ++i)
      w[i] = i % 16 == 0 ? -32.0f : static_cast<float>(rng() % 64) - 32.0f;
    CHECK(error_of(w, packed_and_back(dense_format("q6_k"), w)) < 256 * 1e-3);
  }
}

TEST_CASE("Q8_0 rounds as the reference quantiser does", "[kernels]") {
  const DenseFormat& f = dense_format("q8_0");
  std::vector<float> w = normal_weights(32 * 100, 5);
  for (std::size_t i = 0; i < 32; ++i) w[i] = (static_cast<float>(i) - 0.5f) / 127;  // halves
  w[31] = 1;
  Bytes bytes(f.bytes(w.size()));
  f.pack(w.data(), w.size(), bytes.data());
  for (std::size_t b = 0; b < 100; ++b) {
    float most = 0;
    for (std::size_t i = 0; i < 32; ++i) most = std::max(most, std::fabs(w[32 * b + i]));
    const float d = most / 127.0f, inverse = 1.0f / d;
    CHECK(half_at(bytes.data() + 34 * b) == f16_to_f32(f32_to_f16(d)));
    for (std::size_t i = 0; i < 32; ++i)
      REQUIRE(static_cast<std::int8_t>(bytes[34 * b + 2 + i]) ==
              static_cast<int>(std::round(w[32 * b + i] * inverse)));
  }
}

// What quantisers reach that take the range of each group for its scale, with exact scales: the
// search, whose scales have 6 and 8 bits, must do better.
double plain_error(const std::vector<float>& w, std::size_t group, bool symmetric) {
  double error = 0;
  for (std::size_t g = 0; g < w.size(); g += group) {
    float low = 0, high = 0, most = 0;
    for (std::size_t i = g; i < g + group; ++i) {
      low = std::min(low, w[i]);
      high = std::max(high, w[i]);
      if (std::fabs(w[i]) > std::fabs(most)) most = w[i];
    }
    const float scale = symmetric ? most / -32 : (high - low) / 15;
    for (std::size_t i = g; i < g + group; ++i) {
      const float q = symmetric ? std::clamp(std::round(w[i] / scale), -32.0f, 31.0f)
                                : std::round((w[i] - low) / scale);
      const float back = symmetric ? q * scale : q * scale + low;
      error += std::pow(static_cast<double>(back) - static_cast<double>(w[i]), 2);
    }
  }
  return error;
}

TEST_CASE("the searches of K-quants beat scales taken from the range", "[kernels]") {
  for (unsigned seed = 0; seed < 4; ++seed) {
    std::vector<float> w = normal_weights(128 * 256, 10 + seed);
    if (seed == 1)  // groups of unlike sizes
      for (std::size_t i = 0; i < w.size(); ++i) w[i] *= 1 + static_cast<float>(i / 32 % 5);
    if (seed == 2)
      for (float& v : w) v = std::fabs(v);  // no offset needed
    if (seed == 3)
      for (float& v : w) v = -std::fabs(v) - 0.01f;
    INFO(seed);
    CHECK(error_of(w, packed_and_back(dense_format("q4_k"), w)) < 0.97 * plain_error(w, 32, false));
    CHECK(error_of(w, packed_and_back(dense_format("q6_k"), w)) < 0.97 * plain_error(w, 16, true));
  }
}

TEST_CASE("edge values are packed without a trap and found where they do not fit", "[kernels]") {
  const float huge = std::numeric_limits<float>::max(), tiny = 1e-38f, denormal = 1e-44f;
  for (const DenseFormat& f : dense_formats()) {
    INFO(f.name);
    for (const float v : {huge, -huge, tiny, -tiny, denormal, 65504.0f, 1e5f, 1e-7f}) {
      INFO(v);
      std::vector<float> w(f.block, 0.0f);
      w[f.block / 2] = v;
      Bytes bytes(f.bytes(w.size()));
      f.pack(w.data(), w.size(), bytes.data());
      const bool sound = f.sound(bytes.data(), w.size());
      const std::vector<float> back = unpacked(f, bytes, w.size());
      bool finite = true;
      for (const float b : back) finite = finite && std::isfinite(b);
      CHECK(sound == finite);
      // Scales are binary16: the largest weight is at most 128 * 127 of them, or 63 * 15.
      if (std::fabs(v) <= 65504.0f) CHECK(sound);
      if (sound && std::fabs(v) >= 1.0f) CHECK(back[f.block / 2] == Approx(v).epsilon(0.07));
    }
  }
}

TEST_CASE("halves are packed and unpacked one like another in runs of any length", "[kernels]") {
  for (const auto& [name, pack, unpack] :
       {std::tuple{"f16", static_cast<f16 (*)(float) noexcept>(f32_to_f16),
                   static_cast<float (*)(f16) noexcept>(f16_to_f32)},
        {"bf16", static_cast<bf16 (*)(float) noexcept>(f32_to_bf16),
         static_cast<float (*)(bf16) noexcept>(bf16_to_f32)}}) {
    INFO(name);
    const DenseFormat& f = dense_format(name);
    for (const std::size_t n : {1u, 255u, 256u, 257u, 700u}) {
      const std::vector<float> w = normal_weights(n, 6);
      Bytes bytes(f.bytes(n) + 1);
      f.pack(w.data(), n, bytes.data() + 1);
      std::vector<float> back(n);
      f.unpack(bytes.data() + 1, n, back.data());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < n; ++i) {
        std::uint16_t word;
        std::memcpy(&word, bytes.data() + 1 + 2 * i, 2);
        wrong += word != pack(w[i]) || back[i] != unpack(word);
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("the names of dense formats lead to their rows", "[kernels]") {
  for (const DenseFormat& f : dense_formats()) {
    CHECK(&dense_format(f.name) == &f);
    CHECK(f.bytes(3 * f.block) == 3 * f.block_bytes);
  }
  CHECK_THROWS_WITH(dense_format("q5_0"), Catch::Contains("f32, f16, bf16, q8_0, q4_0"));
}

}  // namespace
}  // namespace tern::kernels
