// SPDX-License-Identifier: Apache-2.0
//
// One body in vector types of the compiler, compiled per ISA.

#include "kernels/norm_quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kernels/quantize.h"
#if defined(__x86_64__)
#include "kernels/x86.h"
#endif

namespace tern::kernels {
namespace {

constexpr std::size_t kLanes = 16;
using Floats [[gnu::vector_size(4 * kLanes)]] = float;
using Ints [[gnu::vector_size(4 * kLanes)]] = std::int32_t;
using Bytes [[gnu::vector_size(kLanes)]] = std::int8_t;

// Inlined into functions that carry a target: by reference, for the ABI of 64-byte vectors depends
// on it.
#define TERN_INLINE [[gnu::always_inline]] inline

constexpr std::int32_t kMagnitude = 0x7fff'ffff, kInfinity = 0x7f80'0000;

// v[i, i + 16), zero beyond n.
struct Plain {
  const float* x;
  std::size_t n;

  TERN_INLINE void load(std::size_t i, Floats& v) const {
    if (i + kLanes <= n) {
      std::memcpy(&v, x + i, sizeof v);
    } else {
      v = Floats{};
      std::memcpy(&v, x + i, (n - i) * sizeof(float));
    }
  }
};

struct Normed {
  Plain x, weight;
  float factor;

  TERN_INLINE void load(std::size_t i, Floats& v) const {
    Floats w;
    x.load(i, v);
    weight.load(i, w);
    v = (v * factor) * w;
  }
};

TERN_INLINE float fold(const Floats& v) {
  float a[kLanes];
  std::memcpy(a, &v, sizeof a);
  for (std::size_t s = kLanes / 2; s > 0; s /= 2)
    for (std::size_t i = 0; i < s; ++i) a[i] += a[i + s];
  return a[0];
}

template <typename Source>
TERN_INLINE Quantized quantize(const Source& source, std::size_t n, std::int8_t* q) {
  // Finite floats without their sign are ordered as integers are.
  Ints most{};
  for (std::size_t i = 0; i < n; i += kLanes) {
    Floats v;
    source.load(i, v);
    Ints bits;
    std::memcpy(&bits, &v, sizeof bits);
    bits &= kMagnitude;
    most = bits > most ? bits : most;
  }
  std::int32_t magnitude = 0;
  for (std::size_t l = 0; l < kLanes; ++l) magnitude = std::max(magnitude, most[l]);
  float largest;
  std::memcpy(&largest, &magnitude, sizeof largest);
  if (magnitude >= kInfinity) return {0.0f, false};

  // |v s| <= 127 (1 + 2^-22): 1.5 * 2^23, where floats are 1 apart, rounds half to even.
  constexpr float kRounder = 12582912.0f;
  const float s = 127.0f / std::max(largest, kScaleFloor);
  for (std::size_t i = 0; i < n; i += kLanes) {
    Floats v;
    source.load(i, v);
    const Floats rounded = (v * s + kRounder) - kRounder;
    Ints integers = __builtin_convertvector(rounded, Ints);
    integers = integers > 127 ? Ints{} + 127 : integers;
    integers = integers < -128 ? Ints{} - 128 : integers;
    const Bytes bytes = __builtin_convertvector(integers, Bytes);
    std::memcpy(q + i, &bytes, std::min(kLanes, n - i));
  }
  return {s, true};
}

TERN_INLINE Quantized norm_quantize_body(const float* x, const float* weight, float eps,
                                         std::size_t n, std::int8_t* q) {
  const Plain plain = {x, n};
  Floats squares{};
  for (std::size_t i = 0; i < n; i += kLanes) {
    Floats v;
    plain.load(i, v);
    squares += v * v;
  }
  const float mean = fold(squares) / static_cast<float>(n);
  return quantize(Normed{plain, {weight, n}, 1.0f / std::sqrt(mean + eps)}, n, q);
}

#define TERN_QUANTIZE(isa, attribute)                                                          \
  attribute Quantized norm_quantize_##isa(const float* x, const float* weight, float eps,      \
                                          std::size_t n, std::int8_t* q) noexcept {            \
    return norm_quantize_body(x, weight, eps, n, q);                                           \
  }                                                                                            \
  attribute Quantized quantize_##isa(const float* x, std::size_t n, std::int8_t* q) noexcept { \
    return quantize(Plain{x, n}, n, q);                                                        \
  }

TERN_QUANTIZE(scalar, )
#if defined(__x86_64__)
TERN_QUANTIZE(avx2, [[gnu::target("avx2")]])
TERN_QUANTIZE(avx512bw, TERN_TARGET_AVX512BW)
#endif

constexpr std::array kNormTable = {
#if defined(__x86_64__)
    Kernel<NormQuantizeFn>{"norm_quantize_avx512bw", Isa::kAvx512Bw, norm_quantize_avx512bw},
    Kernel<NormQuantizeFn>{"norm_quantize_avx2", Isa::kAvx2, norm_quantize_avx2},
#endif
    Kernel<NormQuantizeFn>{"norm_quantize_scalar", Isa::kScalar, norm_quantize_scalar},
};

constexpr std::array kTable = {
#if defined(__x86_64__)
    Kernel<QuantizeFn>{"quantize_avx512bw", Isa::kAvx512Bw, quantize_avx512bw},
    Kernel<QuantizeFn>{"quantize_avx2", Isa::kAvx2, quantize_avx2},
#endif
    Kernel<QuantizeFn>{"quantize_scalar", Isa::kScalar, quantize_scalar},
};

}  // namespace

std::span<const Kernel<NormQuantizeFn>> norm_quantize_kernels() noexcept { return kNormTable; }
std::span<const Kernel<QuantizeFn>> quantize_kernels() noexcept { return kTable; }

}  // namespace tern::kernels
