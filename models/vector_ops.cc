// SPDX-License-Identifier: Apache-2.0

#include "models/vector_ops.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace tern::models {
namespace {

constexpr std::size_t kLanes = 16;
using Floats [[gnu::vector_size(4 * kLanes)]] = float;
using Ints [[gnu::vector_size(4 * kLanes)]] = std::int32_t;

// Everything below is inlined into functions that carry the target: the vector types become
// whatever registers that target has. References, not values: passing 64-byte vectors has an ABI
// that depends on the target.
#define TERN_INLINE [[gnu::always_inline]] inline

TERN_INLINE void load(Floats& v, const float* p) { std::memcpy(&v, p, sizeof v); }
TERN_INLINE void load_part(Floats& v, const float* p, std::size_t n) {
  v = Floats{};
  std::memcpy(&v, p, n * sizeof(float));
}
TERN_INLINE void store(float* p, const Floats& v) { std::memcpy(p, &v, sizeof v); }

TERN_INLINE float fold(const Floats& v) {
  float a[kLanes];
  std::memcpy(a, &v, sizeof a);
  for (std::size_t s = kLanes / 2; s > 0; s /= 2)
    for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
  return a[0];
}

// exp to 2 units in the last place on [-87, 88], beyond which x is clamped. Its bits depend on no
// library. Reduction by multiples of ln 2 (Cody and Waite, 1980, chapter 6), then Taylor: for
// |r| <= ln(2) / 2 the first term left out is below 6e-9.
TERN_INLINE void exp_of(Floats& x) {
  x = x > 88.0f ? Floats{} + 88.0f : x;
  x = x < -87.0f ? Floats{} - 87.0f : x;
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Floats shifted = x * 1.44269504f + kRounder;
  const Floats n = shifted - kRounder;
  const Floats r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  Floats p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Ints exponent = __builtin_convertvector(n, Ints) + 127;
  const Ints power_bits = exponent << 23;
  Floats power;
  std::memcpy(&power, &power_bits, sizeof power);
  x = p * power;
}

TERN_INLINE float dot_body(const float* a, const float* b, std::size_t n) {
  Floats sums{}, x, y;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(x, a + i);
    load(y, b + i);
    sums += x * y;
  }
  if (i < n) {
    load_part(x, a + i, n - i);
    load_part(y, b + i, n - i);
    sums += x * y;
  }
  return fold(sums);
}

TERN_INLINE void axpy_body(float a, const float* x, std::size_t n, float* y) {
  Floats u, v;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(u, x + i);
    load(v, y + i);
    v += u * a;
    store(y + i, v);
  }
  for (; i < n; ++i) y[i] += x[i] * a;
}

TERN_INLINE void scale_body(const float* x, float s, const float* w, std::size_t n, float* y) {
  Floats u, v;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(u, x + i);
    load(v, w + i);
    v = (u * s) * v;
    store(y + i, v);
  }
  for (; i < n; ++i) y[i] = (x[i] * s) * w[i];
}

TERN_INLINE float max_body(const float* x, std::size_t n) {
  float most = x[0];
  std::size_t i = 0;
  if (n >= kLanes) {
    Floats all, v;
    load(all, x);
    for (i = kLanes; i + kLanes <= n; i += kLanes) {
      load(v, x + i);
      all = v > all ? v : all;
    }
    for (std::size_t l = 0; l < kLanes; ++l) most = all[l] > most ? all[l] : most;
  }
  for (; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

TERN_INLINE float exp_sum_body(float* x, std::size_t n, float* largest) {
  const float most = *largest = max_body(x, n);
  Floats sums{}, v;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i);
    v = v - most;
    exp_of(v);
    store(x + i, v);
    sums += v;
  }
  if (i < n) {
    load_part(v, x + i, n - i);
    v = v - most;
    exp_of(v);
    std::memcpy(x + i, &v, (n - i) * sizeof(float));
    load_part(v, x + i, n - i);
    sums += v;
  }
  return fold(sums);
}

template <bool kSilu>
TERN_INLINE void gate_of(Floats& a, const Floats& b) {
  if constexpr (kSilu) {
    Floats e = -a;
    exp_of(e);
    a = a / (e + 1.0f) * b;
  } else {
    a = a > 0.0f ? a : Floats{};
    a = a * a * b;
  }
}

template <bool kSilu>
TERN_INLINE void gate_body(const float* g, const float* u, std::size_t n, float* y) {
  Floats a, b;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(a, g + i);
    load(b, u + i);
    gate_of<kSilu>(a, b);
    store(y + i, a);
  }
  if (i == n) return;
  load_part(a, g + i, n - i);
  load_part(b, u + i, n - i);
  gate_of<kSilu>(a, b);
  std::memcpy(y + i, &a, (n - i) * sizeof(float));
}

TERN_INLINE bool all_finite_body(const float* x, std::size_t n) {
  constexpr std::int32_t kExponent = 0x7f800000;
  Ints bad{}, bits;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    std::memcpy(&bits, x + i, sizeof bits);
    bad |= (bits & kExponent) == kExponent;
  }
  if (i < n) {
    bits = Ints{};
    std::memcpy(&bits, x + i, (n - i) * sizeof(float));
    bad |= (bits & kExponent) == kExponent;
  }
  std::int32_t any = 0;
  for (std::size_t l = 0; l < kLanes; ++l) any |= bad[l];
  return any == 0;
}

// The functions of one ISA. A target is an attribute, which a template cannot vary.
#define TERN_VECTOR_OPS(name, attribute)                                                    \
  struct name {                                                                             \
    attribute static float dot(const float* a, const float* b, std::size_t n) noexcept {    \
      return dot_body(a, b, n);                                                             \
    }                                                                                       \
    attribute static void axpy(float a, const float* x, std::size_t n, float* y) noexcept { \
      axpy_body(a, x, n, y);                                                                \
    }                                                                                       \
    attribute static void scale(const float* x, float s, const float* w, std::size_t n,     \
                                float* y) noexcept {                                        \
      scale_body(x, s, w, n, y);                                                            \
    }                                                                                       \
    attribute static float exp_sum(float* x, std::size_t n, float* most) noexcept {         \
      return exp_sum_body(x, n, most);                                                      \
    }                                                                                       \
    attribute static void silu_times(const float* g, const float* u, std::size_t n,         \
                                     float* y) noexcept {                                   \
      gate_body<true>(g, u, n, y);                                                          \
    }                                                                                       \
    attribute static void relu2_times(const float* g, const float* u, std::size_t n,        \
                                      float* y) noexcept {                                  \
      gate_body<false>(g, u, n, y);                                                         \
    }                                                                                       \
    attribute static bool all_finite(const float* x, std::size_t n) noexcept {              \
      return all_finite_body(x, n);                                                         \
    }                                                                                       \
    static constexpr VectorOps row(kernels::Isa isa) {                                      \
      return {isa, dot, axpy, scale, exp_sum, silu_times, relu2_times, all_finite};         \
    }                                                                                       \
  }

TERN_VECTOR_OPS(Scalar, );
TERN_VECTOR_OPS(Avx2, [[gnu::target("avx2")]]);
TERN_VECTOR_OPS(Avx512, [[gnu::target("avx512f")]]);

constexpr std::array kTable = {
    Avx512::row(kernels::Isa::kAvx512Bw),
    Avx2::row(kernels::Isa::kAvx2),
    Scalar::row(kernels::Isa::kScalar),
};

}  // namespace

const VectorOps& vector_ops(kernels::Isa isa) noexcept {
  for (const VectorOps& ops : kTable)
    if (kernels::contains(isa, ops.isa)) return ops;
  return kTable.back();
}

}  // namespace tern::models
