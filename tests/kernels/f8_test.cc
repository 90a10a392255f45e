// SPDX-License-Identifier: Apache-2.0
//
// State space: all 256 codes of both formats; floats at, just below and just above every code and
// every midpoint between two, both signs; saturation; infinities, NaNs, float subnormals; random
// bit patterns. The oracle reads the format's definition and searches the nearest code.
// Parameters: the two formats.

#include "kernels/f8.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tern::kernels {
namespace {

struct Format {
  std::string name;
  int fraction_bits, bias;
  unsigned largest;  // the code of the largest finite magnitude
  bool has_infinity;
  float (*widen)(f8) noexcept;
  f8 (*narrow)(float) noexcept;
  void (*widen_all)(const f8*, std::size_t, float*) noexcept;
  void (*narrow_all)(const float*, std::size_t, f8*) noexcept;

  double meaning(unsigned magnitude) const {  // of finite codes, and on where they would go on
    const int exponent = static_cast<int>(magnitude >> fraction_bits);
    const int fraction = static_cast<int>(magnitude) & ((1 << fraction_bits) - 1);
    return exponent == 0
               ? std::ldexp(fraction, 1 - bias - fraction_bits)
               : std::ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
  }
  unsigned nearest(double magnitude) const {
    if (magnitude >= meaning(largest)) return largest;  // saturating
    unsigned best = 0;
    for (unsigned code = 1; code <= largest; ++code) {
      const double gain =
          std::fabs(meaning(best) - magnitude) - std::fabs(meaning(code) - magnitude);
      if (gain > 0 || (gain == 0 && code % 2 == 0)) best = code;
    }
    return best;
  }
  bool narrows_rightly(float x) const {
    const f8 code = narrow(x);
    f8 of_array = 0;
    narrow_all(&x, 1, &of_array);
    if (of_array != code) return false;
    const unsigned sign = std::signbit(x) ? 0x80u : 0u;
    if (std::isnan(x)) return code == (sign | 0x7f);
    return code == (sign | (std::isinf(x) ? largest : nearest(std::fabs(double{x}))));
  }
};

const std::vector<Format>& formats() {
  static const std::vector<Format> both = {
      {"E4M3", 3, 7, 0x7e, false, e4m3_to_f32, f32_to_e4m3, e4m3_to_f32, f32_to_e4m3},
      {"E5M2", 2, 15, 0x7b, true, e5m2_to_f32, f32_to_e5m2, e5m2_to_f32, f32_to_e5m2}};
  return both;
}

TEST_CASE("the limits of the 8-bit floats are those of the OCP specification", "[kernels]") {
  CHECK(e4m3_to_f32(0x7e) == 448.0f);
  CHECK(e4m3_to_f32(0x08) == 0x1p-6f);
  CHECK(e4m3_to_f32(0x01) == 0x1p-9f);
  CHECK(e5m2_to_f32(0x7b) == 57344.0f);
  CHECK(e5m2_to_f32(0x04) == 0x1p-14f);
  CHECK(e5m2_to_f32(0x01) == 0x1p-16f);
}

TEST_CASE("every 8-bit float widens to what its bits mean and survives the way back", "[kernels]") {
  for (const Format& f : formats())
    for (unsigned code = 0; code < 256; ++code) {
      INFO(f.name << " " << code);
      const auto b = static_cast<f8>(code);
      const float x = f.widen(b);
      float of_array = 0;
      f.widen_all(&b, 1, &of_array);
      CHECK((std::bit_cast<unsigned>(x) == std::bit_cast<unsigned>(of_array) ||
             std::isnan(of_array)));
      const unsigned magnitude = code & 0x7f;
      if (magnitude <= f.largest) {
        CHECK(std::signbit(x) == (code >= 128));
        CHECK(std::fabs(double{x}) == f.meaning(magnitude));
        CHECK(f.narrow(x) == b);
      } else if (f.has_infinity && magnitude == f.largest + 1) {
        CHECK(std::isinf(x));
        CHECK(std::signbit(x) == (code >= 128));
      } else {
        CHECK(std::isnan(x));
      }
    }
}

TEST_CASE("floats round to the nearest 8-bit float and ties go to the even one", "[kernels]") {
  for (const Format& f : formats())
    for (unsigned m = 0; m <= f.largest; ++m) {
      const double here = f.meaning(m), next = f.meaning(m + 1);
      for (const double centre : {here, (here + next) / 2}) {
        const auto x = static_cast<float>(centre);  // exact
        for (const float near : {x, std::nextafter(x, 0.0f), std::nextafter(x, 1e30f)})
          for (const float signed_near : {near, -near}) {
            INFO(f.name << " float bits " << std::bit_cast<unsigned>(signed_near));
            REQUIRE(f.narrows_rightly(signed_near));
          }
      }
    }
}

TEST_CASE("floats beyond the 8-bit floats saturate and NaN stays NaN", "[kernels]") {
  for (const Format& f : formats()) {
    for (const float x :
         {449.0f, 480.0f, 65536.0f, 1e30f, std::numeric_limits<float>::max(),
          std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min(),
          std::numeric_limits<float>::min(), 0.0f})
      for (const float signed_x : {x, -x}) CHECK(f.narrows_rightly(signed_x));
    for (const unsigned nan : {0x7f800001u, 0x7fbfffffu, 0x7fc00000u, 0xffffffffu, 0xff800001u})
      CHECK(f.narrows_rightly(std::bit_cast<float>(nan)));
  }
}

TEST_CASE("random bit patterns become the 8-bit floats that the definition says", "[kernels]") {
  std::mt19937 rng(11);
  for (int i = 0; i < 60000; ++i) {
    const auto pattern = static_cast<unsigned>(rng());
    // Every other one lands in the range of the formats.
    const unsigned folded =
        i % 2 == 0 ? pattern : (pattern & 0x807fffffu) | ((108 + pattern % 36) << 23);
    for (const Format& f : formats()) {
      INFO(f.name << " float bits " << folded);
      REQUIRE(f.narrows_rightly(std::bit_cast<float>(folded)));
    }
  }
}

}  // namespace
}  // namespace tern::kernels
