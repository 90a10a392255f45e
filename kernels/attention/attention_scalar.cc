// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/attention_isa.h"
#include "kernels/f16.h"
#include "kernels/scratch.h"

#define TERN_TARGET

namespace tern::kernels {
namespace {

struct Sixteen {
  float lane[16];
};

struct Ops {
  using Reg = Sixteen;
  static constexpr std::size_t kRows = 1, kWide = 1;

  static Reg zero() { return {}; }
  static Reg fill(float x) {
    return each([x](std::size_t) { return x; });
  }
  static Reg load(const float* p) {
    return each([p](std::size_t i) { return p[i]; });
  }
  static Reg load_f16(const f16* p) {
    return each([p](std::size_t i) { return f16_to_f32(p[i]); });
  }
  static Reg load_i8(const std::int8_t* p) {
    return each([p](std::size_t i) { return static_cast<float>(p[i]); });
  }
  static void store(float* p, const Reg& a) { std::copy_n(a.lane, 16, p); }
  static Reg fma(const Reg& a, const Reg& b, const Reg& c) {
    return each([&](std::size_t i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static Reg mul(const Reg& a, const Reg& b) {
    return each([&](std::size_t i) { return a.lane[i] * b.lane[i]; });
  }
  static Reg add(const Reg& a, const Reg& b) {
    return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  static Reg abs_max(const Reg& a, const Reg& b) {
    return each([&](std::size_t i) { return most(a.lane[i], b.lane[i]); });
  }
  static float largest(const Reg& a) {
    float all = 0;
    for (const float x : a.lane) all = most(all, x);
    return all;
  }
  static void put_f16(f16* p, const Reg& a) { f32_to_f16(a.lane, 16, p); }
  static void put_i8(std::int8_t* p, const Reg& a) {
    for (std::size_t i = 0; i < 16; ++i)
      p[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(a.lane[i]), -128.0f, 127.0f));
  }

 private:
  template <typename F>
  static Reg each(const F& f) {
    Reg r;
    for (std::size_t i = 0; i < 16; ++i) r.lane[i] = f(i);
    return r;
  }
  // NaN is more than infinity.
  static float most(float a, float b) {
    a = std::fabs(a);
    b = std::fabs(b);
    return std::isnan(a) || a > b ? a : b;
  }
};

#include "kernels/attention/attention_tile.h"

}  // namespace

const AttentionFns attention_scalar = {append, scores, average};

}  // namespace tern::kernels
